// The snippets of docs/guides/tasks.md that are in no example.

#include <weft/cancellation_token.hpp>
#include <weft/io/transport.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/shield.hpp>
#include <weft/spawn.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/task_tracker.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

using weft::or_return;
using namespace std::chrono_literals;

namespace tasks_guide {

auto answer() -> weft::task<int> {
  co_await weft::sleep(10ms);
  co_return 42;
}

auto show() -> weft::task<void> {
  int value = co_await answer();
  std::printf("%d\n", value);
}

auto read_port(std::string text) -> weft::task<weft::result<int>> {
  if (text.empty()) co_return weft::fail(weft::errc::invalid_argument, "the port is empty");
  co_return std::stoi(text);
}

auto read_both(std::string first, std::string second) -> weft::task<weft::result<int>> {
  int low = co_await or_return(read_port(first));  // an error ends read_both, with that error
  int high = co_await or_return(read_port(second));
  co_return high - low;
}

auto spawned() -> weft::task<weft::result<void>> {
  auto handle = weft::spawn(read_port, std::string("8080"));  // runs from now on, on any worker
  auto port = co_await or_return(std::move(handle));  // its value, its error, or why there is none
  std::printf("%d\n", port);

  weft::spawn(show()).detach();  // nobody waits for it
  co_return {};
}

auto report_end(std::string name, weft::task<weft::result<void>> work) -> weft::task<void> {
  auto handle = weft::spawn(std::move(work));
  auto ended = co_await std::move(handle);  // what it throws comes as an error, too
  if (!ended) std::fprintf(stderr, "%s: %s\n", name.c_str(), ended.error().message().c_str());
}

auto write_report(weft::io::transport& connection, std::string report,
                  weft::cancellation_token stop) -> weft::task<weft::result<void>> {
  weft::io::unsent rest(report);
  auto [written, stopped] = co_await weft::select(connection.write_all(rest), stop.cancelled());
  if (stopped) std::printf("%zu bytes were not written\n", rest.size());
  co_return {};
}

auto checksum(std::string path) -> weft::task<weft::result<unsigned>> {
  auto job = weft::spawn_blocking([path] {  // starts at once, on a thread that may block
    std::ifstream file(path, std::ios::binary);
    unsigned sum = 0;
    for (std::istreambuf_iterator<char> at(file), end; at != end; ++at)
      sum += static_cast<unsigned char>(*at);
    return sum;
  });
  co_return co_await std::move(job);
}

auto count_primes(int below) -> weft::task<int> {
  int primes = 0;
  for (int n = 2; n < below; ++n) {
    bool prime = true;
    for (int d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    primes += prime;
    if (n % 1000 == 0) co_await weft::yield_now();  // others run, too
  }
  co_return primes;
}

}  // namespace tasks_guide
