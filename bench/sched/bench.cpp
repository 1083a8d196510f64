// ns_per_op is wall time / n, cpu_ns_per_op the process's CPU time of all threads / n, where n is
// the number of operations in one repetition; each is the median of the repetitions after one
// warm-up.
#include "bench.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

double cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double wall_ns() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "sched: %s\n", what);
  std::exit(1);
}

std::pair<std::shared_ptr<done>, weft::sync::oneshot_receiver<void>> done::after(
    std::size_t count) {
  auto [sender, receiver] = weft::sync::oneshot<void>();
  return {std::make_shared<done>(count, std::move(sender)), std::move(receiver)};
}

void wait_for(weft::runtime& runtime, weft::sync::oneshot_receiver<void> all) {
  check(runtime.block_on(std::move(all)).has_value(), "not all of the work was done");
}

runner::runner(int count, char** arguments) {
  for (int index = 1; index < count; ++index) {
    std::string argument = arguments[index];
    auto value = [&] {
      check(++index < count, "an option lacks its value");
      return std::string(arguments[index]);
    };
    try {
      if (argument == "--workers") {
        workers_ = static_cast<unsigned>(std::stoul(value()));
      } else if (argument == "--reps") {
        repetitions_ = std::max(1u, static_cast<unsigned>(std::stoul(value())));
      } else if (argument == "--scale") {
        scale_ = std::stod(value());
      } else if (argument == "--list") {
        list_ = true;
      } else if (argument == "--growth") {
        growth_ = true;
      } else {
        wanted_.insert(argument);
      }
    } catch (const std::logic_error&) {
      check(false, "an option wants a number");
    }
  }
  if (!list_) runtime_ = std::make_unique<weft::runtime>(make_runtime(threads::as_asked));
}

weft::runtime runner::make_runtime(threads on) const {
  auto count = on == threads::current_thread ? 0
               : on == threads::one_worker   ? 1
               : on == threads::workers      ? workers()
                                             : workers_;
  if (count == 0) return weft::runtime::current_thread().build();
  return weft::runtime::multi_thread().worker_threads(count).build();
}

std::size_t runner::scaled(std::size_t count) const {
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(count) * scale_));
}

void runner::run(const std::string& name, std::size_t n, work repeated) {
  run_with_extra(name, n, [&](weft::runtime& runtime) {
    repeated(runtime);
    return std::string();
  });
}

void runner::run_with_extra(const std::string& name, std::size_t n,
                            std::function<std::string(weft::runtime&)> repeated) {
  if (wants(name)) measure(name, n, *runtime_, repeated);
}

void runner::run_task(const std::string& name, std::size_t n,
                      std::function<weft::task<void>()> repeated, threads on) {
  run_prepared(name, n, on, [&](weft::runtime&) {
    return [&](weft::runtime& runtime) { runtime.block_on(repeated()); };
  });
}

void runner::run_prepared(const std::string& name, std::size_t n, threads on,
                          const std::function<work(weft::runtime&)>& prepare) {
  if (!wants(name)) return;
  bool shared = on == threads::as_asked || (on == threads::workers && workers_ > 0);
  auto own = shared ? nullptr : std::make_unique<weft::runtime>(make_runtime(on));
  auto& runtime = shared ? *runtime_ : *own;
  auto repeated = prepare(runtime);
  measure(name, n, runtime, [&](weft::runtime& on_it) {
    repeated(on_it);
    return std::string();
  });
}

bool runner::wants(const std::string& name) {
  known_.insert(name);
  if (list_) std::printf("%s\n", name.c_str());
  return !list_ && (wanted_.empty() || wanted_.contains(name));
}

void runner::measure(const std::string& name, std::size_t n, weft::runtime& runtime,
                     const std::function<std::string(weft::runtime&)>& repeated) {
  auto extra = repeated(runtime);
  std::vector<double> wall, cpu;
  auto operations = static_cast<double>(n);
  for (unsigned repetition = 0; repetition < repetitions_; ++repetition) {
    auto cpu_start = cpu_ns();
    auto start = wall_ns();
    extra = repeated(runtime);
    wall.push_back((wall_ns() - start) / operations);
    cpu.push_back((cpu_ns() - cpu_start) / operations);
  }
  std::ranges::sort(wall);
  std::ranges::sort(cpu);
  std::printf(
      "{\"bench\":\"%s\",\"workers\":%u,\"ns_per_op\":%.2f,\"min\":%.2f,\"max\":%.2f,"
      "\"cpu_ns_per_op\":%.2f,\"n\":%zu,\"reps\":%zu%s}\n",
      name.c_str(), workers_, wall[wall.size() / 2], wall.front(), wall.back(), cpu[cpu.size() / 2],
      n, wall.size(), extra.c_str());
  std::fflush(stdout);
}

int runner::finish() const {
  int status = 0;
  for (auto& name : wanted_) {
    if (known_.contains(name)) continue;
    std::fprintf(stderr, "sched: no such workload: %s\n", name.c_str());
    status = 2;
  }
  return status;
}

}  // namespace bench
