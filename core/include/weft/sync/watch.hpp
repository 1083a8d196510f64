// watch: the latest value, for all who want to know when it changes.
#pragma once

#include <weft/detail/notify_wait.hpp>
#include <weft/detail/watch_channel.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

template <class T>
class watch_receiver;

/// A look at one value of a watch, which stays as it was while this exists: sending goes on
/// meanwhile, and is not waited for. So it may be kept across a `co_await`; it keeps the memory of
/// one value. Copyable; moved from, it may only be destroyed or assigned to. Thread-safety: as a
/// `const T`.
template <class T>
class [[nodiscard]] watch_ref {
 public:
  watch_ref(const watch_ref& other) noexcept : seen_(other.seen_), changed_(other.changed_) {
    if (seen_) seen_->add_reference();
  }
  watch_ref(watch_ref&& other) noexcept
      : seen_(std::exchange(other.seen_, nullptr)), changed_(other.changed_) {}
  watch_ref& operator=(watch_ref other) noexcept {
    std::swap(seen_, other.seen_);
    changed_ = other.changed_;
    return *this;
  }
  ~watch_ref() {
    if (seen_) seen_->release();
  }

  const T& operator*() const noexcept WEFT_LIFETIMEBOUND { return seen_->value(); }
  const T* operator->() const noexcept WEFT_LIFETIMEBOUND { return &seen_->value(); }
  /// Whether the receiver that looked had not seen this value before.
  bool has_changed() const noexcept { return changed_; }

  // For the ends.
  watch_ref(detail::shared_value<T>* seen, bool changed) noexcept
      : seen_(seen), changed_(changed) {}

 private:
  detail::shared_value<T>* seen_;
  bool changed_;
};

}  // namespace sync

namespace detail {

template <class T>
class watch_changed_awaiter : public leaf_awaiter<watch_changed_awaiter<T>> {
 public:
  explicit watch_changed_awaiter(sync::watch_receiver<T>& receiver) noexcept
      : receiver_(receiver), wait_(receiver.channel_->changed()) {}
  static constexpr const char* name = "watch receiver";
  bool poll() noexcept {
    return wait_.poll([this] { return receiver_.has_changed() || receiver_.is_closed(); });
  }
  result<void> take() noexcept {
    if (!receiver_.has_changed()) return std::unexpected(error(errc::closed));
    receiver_.mark_unchanged();
    return {};
  }

 private:
  sync::watch_receiver<T>& receiver_;
  notify_wait wait_;
};

template <class T>
class [[nodiscard]] watch_changed_operation {
 public:
  explicit watch_changed_operation(sync::watch_receiver<T>& receiver) noexcept
      : receiver_(&receiver) {}
  auto operator co_await() && noexcept { return watch_changed_awaiter<T>(*receiver_); }

 private:
  sync::watch_receiver<T>* receiver_;
};

template <class T, class Predicate>
class watch_for_awaiter : public leaf_awaiter<watch_for_awaiter<T, Predicate>> {
 public:
  watch_for_awaiter(sync::watch_receiver<T>& receiver, Predicate&& predicate)
      : receiver_(receiver),
        wait_(receiver.channel_->changed()),
        predicate_(std::move(predicate)) {}
  static constexpr const char* name = "watch receiver: wait_for";
  bool poll() noexcept {
    return wait_.poll([this] { return holds(); });
  }
  result<sync::watch_ref<T>> take() {
    if (thrown_) std::rethrow_exception(std::move(thrown_));
    if (!found_) return std::unexpected(error(errc::closed));
    receiver_.seen_ = found_version_;
    return *std::move(found_);
  }

 private:
  // That the senders are gone is asked first: then the value that is looked at is the last.
  bool holds() noexcept {
    if (found_ || thrown_) return true;
    bool last = receiver_.is_closed();
    try {
      auto before = receiver_.seen_;
      std::uint64_t version = 0;
      auto* latest = receiver_.channel_->look(version);
      sync::watch_ref<T> here(latest, version != before);
      if (predicate_(*here)) {
        found_.emplace(std::move(here));
        found_version_ = version;
        return true;
      }
      receiver_.seen_ = version;
    } catch (...) {
      thrown_ = std::current_exception();
      return true;
    }
    return last;
  }

  sync::watch_receiver<T>& receiver_;
  notify_wait wait_;
  Predicate predicate_;
  std::optional<sync::watch_ref<T>> found_;
  std::uint64_t found_version_ = 0;
  std::exception_ptr thrown_;
};

template <class T, class Predicate>
class [[nodiscard]] watch_for_operation {
 public:
  watch_for_operation(sync::watch_receiver<T>& receiver, Predicate&& predicate)
      : receiver_(&receiver), predicate_(std::move(predicate)) {}
  auto operator co_await() && {
    return watch_for_awaiter<T, Predicate>(*receiver_, std::move(predicate_));
  }

 private:
  sync::watch_receiver<T>* receiver_;
  Predicate predicate_;
};

template <class T>
class watch_closed_awaiter : public leaf_awaiter<watch_closed_awaiter<T>> {
 public:
  explicit watch_closed_awaiter(watch_channel<T>* of) noexcept : of_(of), wait_(of->closing()) {}
  static constexpr const char* name = "watch sender: closed";
  bool poll() noexcept {
    return wait_.poll([this] { return of_->receivers() == 0; });
  }
  void take() noexcept {}

 private:
  watch_channel<T>* of_;
  notify_wait wait_;
};

template <class T>
class [[nodiscard]] watch_closed_operation {
 public:
  explicit watch_closed_operation(watch_channel<T>* of) noexcept : of_(of) {}
  auto operator co_await() && noexcept { return watch_closed_awaiter<T>(of_); }

 private:
  watch_channel<T>* of_;
};

}  // namespace detail

namespace sync {

/// The end that looks. A copy has seen what the original had seen. Moved from, it may only be
/// destroyed or assigned to. Thread-safety: one thread at a time; distinct copies from any threads.
template <class T>
class [[nodiscard]] watch_receiver {
  using channel = detail::watch_channel<T>;

 public:
  watch_receiver(const watch_receiver& other) noexcept
      : channel_(other.channel_), seen_(other.seen_) {
    if (channel_) channel_->add_receiver();
  }
  watch_receiver(watch_receiver&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)), seen_(other.seen_) {}
  watch_receiver& operator=(watch_receiver other) noexcept {
    std::swap(channel_, other.channel_);
    seen_ = other.seen_;
    return *this;
  }
  ~watch_receiver() {
    if (channel_) channel_->receiver_goes();
  }

  /// The latest value; does not count as having seen it.
  watch_ref<T> borrow() const noexcept {
    std::uint64_t version = 0;
    auto* latest = channel_->look(version);
    return watch_ref<T>(latest, version != seen_);
  }
  /// The latest value, which is seen by that.
  watch_ref<T> borrow_and_update() noexcept {
    auto before = seen_;
    auto* latest = channel_->look(seen_);
    return watch_ref<T>(latest, seen_ != before);
  }

  /// Waits until there is a value that this has not seen, and marks the latest as seen. Several
  /// changes may be one. Yields a `result<void>`. Errors: `errc::closed` when all senders are gone
  /// and the last value was seen. Cancel-safety: safe. One at a time.
  detail::watch_changed_operation<T> changed() noexcept WEFT_LIFETIMEBOUND {
    return detail::watch_changed_operation<T>(*this);
  }
  /// Waits until `predicate(const T&)` is true of the latest value, now or later; values in between
  /// may be skipped. Yields a `result<watch_ref<T>>`: that value, which is seen by that. Errors:
  /// `errc::closed` when all senders are gone and it is not true of the last value. What the
  /// predicate throws comes out of the `co_await`. It is called while the task is polled: it must
  /// be short. Cancel-safety: safe; what it was not true of counts as seen. One at a time.
  template <class Predicate>
    requires std::predicate<Predicate&, const T&>
  detail::watch_for_operation<T, Predicate> wait_for(Predicate predicate) WEFT_LIFETIMEBOUND {
    return {*this, std::move(predicate)};
  }

  /// Whether there is a value that this has not seen.
  bool has_changed() const noexcept { return channel_->version() != seen_; }
  /// Makes the latest value count as not seen: the next `changed` is done at once.
  void mark_changed() noexcept { seen_ = channel_->version() - 1; }
  /// Makes the latest value count as seen.
  void mark_unchanged() noexcept { seen_ = channel_->version(); }
  /// Whether all senders are gone. The last value stays.
  bool is_closed() const noexcept { return channel_->senders() == 0; }
  bool same_channel(const watch_receiver& other) const noexcept {
    return channel_ == other.channel_;
  }

  // For the ends.
  watch_receiver(channel* shared, std::uint64_t seen) noexcept : channel_(shared), seen_(seen) {
    shared->add_receiver();
  }

 private:
  template <class>
  friend class detail::watch_changed_awaiter;
  template <class, class>
  friend class detail::watch_for_awaiter;

  channel* channel_;
  std::uint64_t seen_;
};

/// The end that changes the value. Copies change the same one. Moved from, it may only be destroyed
/// or assigned to. Thread-safety: all members from any thread, also of one sender, also outside a
/// runtime.
template <class T>
class watch_sender {
  using channel = detail::watch_channel<T>;
  using value = detail::shared_value<T>;

 public:
  watch_sender(const watch_sender& other) noexcept : channel_(other.channel_) {
    if (channel_) channel_->add_sender();
  }
  watch_sender(watch_sender&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
  watch_sender& operator=(watch_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~watch_sender() {
    if (channel_) channel_->sender_goes();
  }

  /// Replaces the value, if there is a receiver. Else `value` is left as it is. Errors:
  /// `errc::closed`. Throws std::bad_alloc, or what moving the value throws; then nothing was sent.
  result<void> send(T&& latest) const {
    if (is_closed()) return std::unexpected(error(errc::closed));
    (void)send_replace(std::move(latest));
    return {};
  }
  result<void> send(const T& latest) const
    requires std::copy_constructible<T>
  {
    return send(T(latest));
  }
  /// Replaces the value, also without a receiver. Returns the one that was there. Throws as `send`.
  watch_ref<T> send_replace(T latest) const {
    auto* made = value::make(std::move(latest));
    std::lock_guard alone(channel_->sending());
    return watch_ref<T>(channel_->replace(made), false);
  }
  /// Calls `change(T&)` with a copy of the value, which then replaces it. Other senders wait
  /// meanwhile, on their threads, and `change` must not send. What it throws comes out; then
  /// nothing was sent.
  template <std::invocable<T&> Change>
    requires std::copy_constructible<T>
  void send_modify(Change&& change) const {
    (void)send_if_modified([&change](T& latest) {
      std::forward<Change>(change)(latest);
      return true;
    });
  }
  /// As `send_modify`, but nothing changes when `change(T&)` returns false. Returns what it
  /// returned.
  template <std::predicate<T&> Change>
    requires std::copy_constructible<T>
  bool send_if_modified(Change&& change) const {
    std::lock_guard alone(channel_->sending());
    T latest(*borrow());
    if (!std::forward<Change>(change)(latest)) return false;
    (void)watch_ref<T>(channel_->replace(value::make(std::move(latest))), false);
    return true;
  }

  /// The latest value.
  watch_ref<T> borrow() const noexcept {
    std::uint64_t version = 0;
    auto* latest = channel_->look(version);
    return watch_ref<T>(latest, false);
  }
  /// One more receiver; it has seen the latest value.
  watch_receiver<T> subscribe() const noexcept {
    return watch_receiver<T>(channel_, channel_->version());
  }
  /// Waits until there is no receiver. Yields nothing. Cancel-safety: safe.
  detail::watch_closed_operation<T> closed() const noexcept WEFT_LIFETIMEBOUND {
    return detail::watch_closed_operation<T>(channel_);
  }
  /// Whether there is no receiver now. `subscribe` makes one.
  bool is_closed() const noexcept { return channel_->receivers() == 0; }
  std::size_t receiver_count() const noexcept { return channel_->receivers(); }
  std::size_t sender_count() const noexcept { return channel_->senders(); }
  bool same_channel(const watch_sender& other) const noexcept { return channel_ == other.channel_; }

  // For watch().
  explicit watch_sender(channel* shared) noexcept : channel_(shared) { shared->add_sender(); }

 private:
  channel* channel_;
};

/// Makes a value that can be watched:
///
///     auto [tx, rx] = weft::sync::watch(settings());
///     while (auto changed = co_await rx.changed()) apply(*rx.borrow_and_update());
///
/// Receivers see the latest value, not all of them. The initial one counts as seen. Nobody blocks
/// anybody: who looks at a value keeps that one, while a new one takes its place.
/// Throws std::bad_alloc. Cost: an allocation for each value, from the frame pool.
template <class T>
[[nodiscard]] std::pair<watch_sender<T>, watch_receiver<T>> watch(T initial) {
  auto* first = detail::shared_value<T>::make(std::move(initial));
  detail::watch_channel<T>* made;
  try {
    made = new detail::watch_channel<T>(first);
  } catch (...) {
    first->release();
    throw;
  }
  watch_sender<T> sender(made);
  return {std::move(sender), watch_receiver<T>(made, 0)};
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
