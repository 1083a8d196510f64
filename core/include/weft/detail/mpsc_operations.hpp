// What can be awaited of an mpsc channel.
#pragma once

#include <weft/detail/mpsc_channel.hpp>
#include <weft/detail/notify_wait.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace sync {
template <class T>
class mpsc_sender;
template <class T, class Holder>
class basic_mpsc_permit;
}  // namespace sync

namespace detail {

template <class T>
constexpr void check_mpsc_value() {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "mpsc<T>: moving a T must not throw (mark its move constructor noexcept); "
                "or send a std::unique_ptr<T>");
}

template <class T>
class mpsc_send_awaiter : public leaf_awaiter<mpsc_send_awaiter<T>> {
 public:
  mpsc_send_awaiter(mpsc_channel<T>* to, T&& value) noexcept : to_(to), value_(std::move(value)) {}
  ~mpsc_send_awaiter() { to_->leave(waiter_); }
  static constexpr const char* name = "mpsc sender";
  bool poll() noexcept { return to_->poll_permits(waiter_); }
  result<void> take() {
    if (waiter_.what() == permit_waiter::refused) return std::unexpected(error(errc::closed));
    to_->push(value_);
    waiter_.become(permit_waiter::delivered);
    return {};
  }

 private:
  mpsc_channel<T>* to_;
  permit_waiter waiter_{1};
  T value_;
};

template <class T>
class [[nodiscard]] mpsc_send_operation {
 public:
  mpsc_send_operation(mpsc_channel<T>* to, T&& value) noexcept
      : to_(to), value_(std::move(value)) {}
  auto operator co_await() && noexcept { return mpsc_send_awaiter<T>(to_, std::move(value_)); }

 private:
  mpsc_channel<T>* to_;
  T value_;
};

// The channel of a `Holder`: a plain pointer to it, or a sender.
template <class T>
mpsc_channel<T>* mpsc_channel_of(mpsc_channel<T>* borrowed) noexcept {
  return borrowed;
}
template <class T>
mpsc_channel<T>* mpsc_channel_of(const sync::mpsc_sender<T>& shared) noexcept {
  return shared.channel_;
}

template <class T, class Holder>
class mpsc_reserve_awaiter : public leaf_awaiter<mpsc_reserve_awaiter<T, Holder>> {
 public:
  mpsc_reserve_awaiter(Holder&& in, std::size_t places) noexcept
      : in_(std::move(in)), waiter_(places) {}
  ~mpsc_reserve_awaiter() {
    if (auto* channel = mpsc_channel_of<T>(in_)) channel->leave(waiter_);
  }
  static constexpr const char* name = "mpsc sender: reserve";
  bool poll() noexcept { return is_too_much() || mpsc_channel_of<T>(in_)->poll_permits(waiter_); }
  result<sync::basic_mpsc_permit<T, Holder>> take() noexcept {
    if (is_too_much()) return std::unexpected(error(errc::invalid_argument));
    if (waiter_.what() == permit_waiter::refused) return std::unexpected(error(errc::closed));
    waiter_.become(permit_waiter::delivered);
    return sync::basic_mpsc_permit<T, Holder>(std::move(in_), waiter_.needed);
  }

 private:
  bool is_too_much() const noexcept { return waiter_.needed > mpsc_channel_of<T>(in_)->capacity(); }
  Holder in_;
  permit_waiter waiter_;
};

template <class T, class Holder>
class [[nodiscard]] mpsc_reserve_operation {
 public:
  mpsc_reserve_operation(Holder in, std::size_t places) noexcept
      : in_(std::move(in)), places_(places) {}
  auto operator co_await() && noexcept {
    return mpsc_reserve_awaiter<T, Holder>(std::move(in_), places_);
  }

 private:
  Holder in_;
  std::size_t places_;
};

template <class T>
class mpsc_closed_awaiter : public leaf_awaiter<mpsc_closed_awaiter<T>> {
 public:
  explicit mpsc_closed_awaiter(mpsc_channel<T>* of) noexcept : of_(of), wait_(of->closing()) {}
  static constexpr const char* name = "mpsc sender: closed";
  bool poll() noexcept {
    return wait_.poll([this] { return of_->is_closed(); });
  }
  void take() noexcept {}

 private:
  mpsc_channel<T>* of_;
  notify_wait wait_;
};

template <class T>
class [[nodiscard]] mpsc_closed_operation {
 public:
  explicit mpsc_closed_operation(mpsc_channel<T>* of) noexcept : of_(of) {}
  auto operator co_await() && noexcept { return mpsc_closed_awaiter<T>(of_); }

 private:
  mpsc_channel<T>* of_;
};

template <class T>
class mpsc_next_awaiter : public leaf_awaiter<mpsc_next_awaiter<T>> {
 public:
  explicit mpsc_next_awaiter(mpsc_channel<T>* of) noexcept : of_(of) {}
  ~mpsc_next_awaiter() { of_->stop_waiting(); }
  static constexpr const char* name = "mpsc receiver";
  bool poll() noexcept { return of_->poll_next() && consume_budget(); }
  std::optional<T> take() noexcept {
    auto* first = of_->front();
    if (!first) return std::nullopt;
    std::optional<T> taken(std::move(*first));
    of_->pop_front();
    return taken;
  }

 private:
  mpsc_channel<T>* of_;
};

template <class T>
class [[nodiscard]] mpsc_next_operation {
 public:
  explicit mpsc_next_operation(mpsc_channel<T>* of) noexcept : of_(of) {}
  auto operator co_await() && noexcept { return mpsc_next_awaiter<T>(of_); }

 private:
  mpsc_channel<T>* of_;
};

// Takes what is there, in one go: their places are given back together. When `into` cannot grow,
// what it could not take stays in the channel.
template <class T>
std::size_t mpsc_take_many(mpsc_channel<T>* of, std::vector<T>& into, std::size_t limit) {
  struct giving {
    mpsc_channel<T>* to;
    std::size_t count = 0;
    ~giving() { to->give_emptied(count); }
  } taken{of};
  for (; taken.count < limit; ++taken.count) {
    auto* first = of->front();
    if (!first) break;
    into.push_back(std::move(*first));
    of->drop_front();
  }
  return taken.count;
}

template <class T>
class mpsc_next_many_awaiter : public leaf_awaiter<mpsc_next_many_awaiter<T>> {
 public:
  mpsc_next_many_awaiter(mpsc_channel<T>* of, std::vector<T>& into, std::size_t limit) noexcept
      : of_(of), into_(into), limit_(limit) {}
  ~mpsc_next_many_awaiter() { of_->stop_waiting(); }
  static constexpr const char* name = "mpsc receiver";
  bool poll() noexcept { return (limit_ == 0 || of_->poll_next()) && consume_budget(); }
  std::size_t take() { return mpsc_take_many(of_, into_, limit_); }

 private:
  mpsc_channel<T>* of_;
  std::vector<T>& into_;
  std::size_t limit_;
};

template <class T>
class [[nodiscard]] mpsc_next_many_operation {
 public:
  mpsc_next_many_operation(mpsc_channel<T>* of, std::vector<T>& into, std::size_t limit) noexcept
      : of_(of), into_(&into), limit_(limit) {}
  auto operator co_await() && noexcept { return mpsc_next_many_awaiter<T>(of_, *into_, limit_); }

 private:
  mpsc_channel<T>* of_;
  std::vector<T>* into_;
  std::size_t limit_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
