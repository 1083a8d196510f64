// join_map: a join_set whose tasks have keys.
#pragma once

#include <weft/join_set.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <source_location>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

template <class Map>
class of_map {
 public:
  static constexpr const char* name = "join_map";
  explicit of_map(Map& map) noexcept : map_(&map) {}
  member_list& members() const noexcept { return map_->members_; }

  Map& map() const noexcept { return *map_; }

 private:
  Map* map_;
};

template <class Map>
struct next_of_map : of_map<Map> {
  using of_map<Map>::of_map;
  bool poll() noexcept { return this->map().poll_next(); }
  auto take() { return this->map().try_join_next(); }
};

template <class Map>
struct every_of_map : of_map<Map> {
  using of_map<Map>::of_map;
  bool poll() noexcept { return this->members().poll_all(); }
  auto take() {
    std::vector<typename Map::value_type> all;
    all.reserve(this->map().size());
    while (auto one = this->map().try_join_next()) all.push_back(std::move(*one));
    return all;
  }
};

template <class Map>
struct nothing_of_map : of_map<Map> {
  using of_map<Map>::of_map;
  bool poll() noexcept {
    this->members().abort_all();
    return this->members().poll_all();
  }
  void take() noexcept {
    while (this->members().first_ended()) this->members().pop();
    this->map().by_key_.clear();
  }
};

}  // namespace detail

/// As join_set, of tasks that are told apart by a key: one a connection, one a user. A key has at
/// most one task: starting another one aborts the one before, of which nothing is heard any more.
///
///     weft::join_map<std::string, page> fetches;
///     fetches.spawn("news", fetch, url);
///     fetches.abort("news");
///     while (auto done = co_await fetches.join_next()) use(done->first, done->second);
///
/// Ownership, bounds, thread-safety: as join_set. Cost: a node of a std::unordered_map besides.
template <class Key, class T = void, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class join_map {
 public:
  using result_type = detail::flat_result_t<T>;
  using value_type = std::pair<Key, result_type>;

  join_map() = default;
  join_map(join_map&&) = default;
  /// Aborts what was there.
  join_map& operator=(join_map&&) = default;
  ~join_map() = default;

  /// As join_set::spawn, under `key`. Throws what comparing and hashing keys throws, too; then the
  /// map is as it was.
  template <detail::operation_argument Argument>
  weft::abort_handle spawn(Key key, Argument&& operation,
                           std::source_location where = std::source_location::current()) {
    return put(std::move(key), [&](auto& owner) {
      return detail::spawn_member<result_type>(owner, members_, where,
                                               std::forward<Argument>(operation));
    });
  }
  template <class Function>
    requires detail::task_function<Function>
  weft::abort_handle spawn(Key key, Function function,
                           std::source_location where = std::source_location::current()) {
    return put(std::move(key), [&](auto& owner) {
      return detail::spawn_member<result_type>(owner, members_, where, std::in_place,
                                               std::move(function));
    });
  }
  template <class Function, class First, class... Arguments>
    requires detail::task_function<Function, First, Arguments...>
  weft::abort_handle spawn(Key key, Function function, First first, Arguments... arguments) {
    return put(std::move(key), [&](auto& owner) {
      return detail::spawn_member<result_type>(owner, members_, std::source_location(),
                                               std::in_place, std::move(function), std::move(first),
                                               std::move(arguments)...);
    });
  }
  /// As join_set::spawn_blocking, under `key`.
  template <class Function>
    requires std::invocable<Function&&>
  weft::abort_handle spawn_blocking(Key key, Function function,
                                    std::source_location where = std::source_location::current()) {
    return spawn(std::move(key), detail::run_blocking(std::move(function)), where);
  }

  /// Waits for the next task to end, and removes it. Yields a `std::optional` of a pair of its key
  /// and its `result<T>`; nothing when none is left. Borrows the map. Cancel-safety: safe.
  auto join_next() noexcept WEFT_LIFETIMEBOUND {
    return detail::member_operation(detail::next_of_map<join_map>(*this));
  }
  /// A task that has ended; nothing when none has.
  std::optional<value_type> try_join_next() {
    std::optional<value_type> taken;
    if (auto* first = first_ended()) {
      auto node = by_key_.extract(by_key_.find(static_cast<entry*>(first->tag)->first));
      auto ended = detail::take_first<result_type>(members_);
      taken.emplace(std::move(node.key()), std::move(*ended));
    }
    return taken;
  }
  /// Waits until all have ended, and removes them. Yields a `std::vector` of pairs, in the order in
  /// which they ended. Borrows the map. Cancel-safety: safe; all stay in the map.
  auto join_all() noexcept WEFT_LIFETIMEBOUND {
    return detail::member_operation(detail::every_of_map<join_map>(*this));
  }

  /// Aborts the task of this key, which stays until it is joined. False: there is none.
  template <class Given = Key>
  bool abort(const Given& key) {
    auto found = by_key_.find(key);
    if (found == by_key_.end()) return false;
    detail::abort_task(found->second->task);
    return true;
  }
  /// Aborts each task whose key `matches`.
  template <std::predicate<const Key&> Predicate>
  void abort_matching(Predicate matches) {
    for (auto& [key, member] : by_key_) {
      if (matches(key)) detail::abort_task(member->task);
    }
  }
  void abort_all() noexcept { members_.abort_all(); }
  /// Removes every task; they run on, detached.
  void detach_all() noexcept {
    by_key_.clear();
    members_.detach_all();
  }
  /// As join_set::shutdown.
  auto shutdown() noexcept WEFT_LIFETIMEBOUND {
    return detail::member_operation(detail::nothing_of_map<join_map>(*this));
  }

  /// Whether there is a task of this key that was not joined yet.
  bool contains(const Key& key) const { return by_key_.contains(key); }
  /// The keys, in no order.
  std::vector<Key> keys() const
    requires std::copy_constructible<Key>
  {
    std::vector<Key> all;
    all.reserve(size());
    for (auto& [key, member] : by_key_) all.push_back(key);
    return all;
  }
  /// Of tasks that were not joined, without those that were replaced.
  std::size_t size() const noexcept { return by_key_.size(); }
  bool empty() const noexcept { return by_key_.empty(); }

 private:
  using entries = std::unordered_map<Key, detail::list_member*, Hash, Equal>;
  using entry = typename entries::value_type;
  template <class Map>
  friend class detail::of_map;
  template <class Map>
  friend struct detail::next_of_map;
  template <class Map>
  friend struct detail::nothing_of_map;

  template <class Spawn>
  weft::abort_handle put(Key key, Spawn spawn_one) {
    auto& owner = detail::ambient_scheduler();
    auto [place, fresh] = by_key_.try_emplace(std::move(key), nullptr);
    detail::list_member* member = nullptr;
    try {
      member = spawn_one(owner);
    } catch (...) {
      if (fresh) by_key_.erase(place);
      throw;
    }
    if (auto* before = std::exchange(place->second, member)) {
      before->tag = nullptr;
      detail::abort_task(before->task);
    }
    member->tag = &*place;
    return weft::abort_handle(member->task);
  }
  // The one that ended first, without those that were replaced.
  detail::list_member* first_ended() noexcept {
    while (auto* first = members_.first_ended()) {
      if (first->tag) return first;
      members_.pop();
    }
    return nullptr;
  }
  bool poll_next() noexcept {
    for (;;) {
      if (empty()) return detail::consume_budget();
      if (!members_.poll_one()) return false;
      if (members_.first_ended()->tag) return true;
      members_.pop();
    }
  }

  entries by_key_;
  detail::member_list members_;
};

}  // namespace v0
}  // namespace weft
