#include <weft/detail/timer.hpp>
#include <weft/dump.hpp>
#include <weft/leaf.hpp>
#include <weft/task.hpp>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <source_location>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sync/wait_tracking.hpp"
#include "task/frozen_task.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

struct waiting_time {
  std::size_t count = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t longest_ns = 0;

  void add(std::uint64_t ns) noexcept {
    ++count;
    sum_ns += ns;
    longest_ns = std::max(longest_ns, ns);
  }
};

struct contended_lock {
  std::string name = "lock";
  waiting_time all;
  std::map<std::string, waiting_time> sites;
};

// Where a branch waits: what for, and the innermost co_await.
struct place_of_wait {
  const char* name;
  std::string site;
};

std::unordered_map<const branch_node*, place_of_wait> places_of(scheduler* of) {
  std::unordered_map<const branch_node*, place_of_wait> found;
  if (!of) return found;
  for (auto& task : of->tasks().snapshot()) {
    frozen_task held(task.get());
    if (!held) continue;
    held.for_each_branch([&](const branch_node* node) {
      if (!node->current) return;
      std::string site = "a branch of its task";
      if (auto* promise = node->current->waiting_promise()) {
        const auto& where = promise->awaiting();
        site = where.function_name();
        site.append(" at ").append(where.file_name()).append(":");
        site.append(std::to_string(where.line()));
      }
      found.insert_or_assign(node, place_of_wait{node->current->leaf_name(), std::move(site)});
    });
  }
  return found;
}

std::string milliseconds(std::uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%" PRIu64 ".%03u ms", ns / 1'000'000,
                static_cast<unsigned>(ns / 1000 % 1000));
  return text;
}

std::string described(const waiting_time& time) {
  return std::to_string(time.count) + " waiting, " + milliseconds(time.sum_ns) +
         " in all, the longest " + milliseconds(time.longest_ns);
}

// The entries of a map, those that were waited for longest first.
template <class Map, class Time>
auto ranked(const Map& map, Time time_of) {
  std::vector<const typename Map::value_type*> order;
  order.reserve(map.size());
  for (const auto& entry : map) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [&](const auto* left, const auto* right) {
    return time_of(*left).sum_ns > time_of(*right).sum_ns;
  });
  return order;
}

std::string dump_waits(scheduler* of) {
  // The waits first: who has gone on meanwhile is then found nowhere, or elsewhere.
  auto waits = tracked_waits();
  auto places = places_of(of);
  auto now = now_ns();
  std::unordered_map<const wait_list*, contended_lock> locks;
  for (const auto& wait : waits) {
    auto time = now > wait.since_ns ? now - wait.since_ns : 0;
    auto& lock = locks[wait.at];
    lock.all.add(time);
    auto place = places.find(wait.by);
    if (place == places.end()) {
      lock.sites["a task that is running or of another runtime, or a thread"].add(time);
      continue;
    }
    lock.name = place->second.name;
    lock.sites[place->second.site].add(time);
  }
  auto out = std::to_string(locks.size()) + " contended locks\n";
  for (const auto* lock : ranked(locks, [](const auto& entry) { return entry.second.all; })) {
    out += "  " + lock->second.name + ": " + described(lock->second.all) + "\n";
    for (const auto* site :
         ranked(lock->second.sites, [](const auto& entry) { return entry.second; })) {
      out += "    " + site->first + ": " + described(site->second) + "\n";
    }
  }
  return out;
}

}  // namespace

}  // namespace detail

std::string dump_locks() {
  return detail::dump_waits(detail::scheduler::here());
}

void dump_locks(std::FILE* out) {
  auto text = dump_locks();
  std::fwrite(text.data(), 1, text.size(), out);
}

}  // namespace v0
}  // namespace weft
