// Looking after a runtime: who hears of a detached task's failure, and what a shutdown cut off.

#include <weft/runtime.hpp>
#include <weft/task_info.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <stdexcept>

using namespace std::chrono_literals;

namespace {

auto cleans_up() -> weft::task<void> {
  co_await weft::sleep(1ms);
  throw std::runtime_error("the disk is full");
}

auto serves() -> weft::task<void> {
  weft::spawn_named("cleaner", cleans_up()).detach();  // nobody waits for it
  for (int i = 0; i < 3; ++i) weft::spawn_named("session", weft::sleep(1h)).detach();
  co_await weft::sleep(5ms);
}

}  // namespace

int main() {
  auto runtime = weft::runtime::multi_thread()
                     .worker_threads(2)
                     .on_unhandled_error([](const weft::task_failure& failed) {
                       auto name = failed.task.name;
                       std::printf("%.*s: %s\n", static_cast<int>(name.size()), name.data(),
                                   failed.what.message().c_str());
                     })
                     .build();
  runtime.block_on(serves());
  auto report = runtime.shut_down_with_report();
  for (const auto& place : report.places)
    std::printf("cancelled: %zu of %s\n", place.tasks, place.name.c_str());
}
