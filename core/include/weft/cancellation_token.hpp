// cancellation_token: asks work to stop by itself, a whole tree of it at once.
#pragma once

#include <weft/detail/composite.hpp>
#include <weft/detail/wait_list.hpp>
#include <weft/error.hpp>
#include <weft/leaf.hpp>
#include <weft/select.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {

/// Why something was cancelled.
enum class cancel_reason : std::uint8_t {
  user = 1,    ///< Somebody asked for it.
  deadline,    ///< Its time was up.
  disconnect,  ///< Whoever wanted the result is gone.
  shutdown,    ///< The service is going away.
};

namespace detail {

class token_node;

struct cancelled_waiter : waiter {
  static constexpr std::uint8_t told = first_given;
};

WEFT_API token_node* make_token_root();
WEFT_API token_node* make_token_child(token_node* parent);
WEFT_API void retain_token(token_node* node) noexcept;
WEFT_API void release_token(token_node* node) noexcept;
WEFT_API bool cancel_tree(token_node* node, cancel_reason why) noexcept;
// 0: it is not cancelled.
WEFT_API std::uint8_t reason_of(const token_node* node) noexcept;
WEFT_API bool poll_cancelled(token_node* node, cancelled_waiter& self) noexcept;
WEFT_API void stop_waiting_for(token_node* node, cancelled_waiter& self) noexcept;

// A counted pointer.
class token_reference {
 public:
  explicit token_reference(token_node* owned) noexcept : node_(owned) {}
  token_reference(const token_reference& other) noexcept : node_(other.node_) {
    if (node_) retain_token(node_);
  }
  token_reference(token_reference&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  token_reference& operator=(token_reference other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~token_reference() {
    if (node_) release_token(node_);
  }
  token_node* get() const noexcept { return node_; }

 private:
  token_node* node_;
};

class cancelled_awaiter : public leaf_awaiter<cancelled_awaiter> {
 public:
  explicit cancelled_awaiter(token_reference&& token) noexcept : token_(std::move(token)) {}
  ~cancelled_awaiter() {
    if (waiter_.what() == waiter::queued) stop_waiting_for(token_.get(), waiter_);
  }
  static constexpr const char* name = "cancellation";
  bool poll() noexcept { return poll_cancelled(token_.get(), waiter_) && consume_budget(); }
  cancel_reason take() noexcept { return static_cast<cancel_reason>(reason_of(token_.get())); }

 private:
  token_reference token_;
  cancelled_waiter waiter_;
};

class [[nodiscard]] cancelled_operation {
 public:
  explicit cancelled_operation(token_reference token) noexcept : token_(std::move(token)) {}
  auto operator co_await() && noexcept { return cancelled_awaiter(std::move(token_)); }

 private:
  token_reference token_;
};

template <class Operation>
class run_until_cancelled_awaiter : public leaf_awaiter<run_until_cancelled_awaiter<Operation>> {
  using value_type = await_result_t<Operation>;
  using race = composite_awaiter<select_rule<false>, cancelled_operation, Operation>;

 public:
  using result_type = flat_result_t<value_type>;

  explicit run_until_cancelled_awaiter(std::tuple<cancelled_operation, Operation>&& operations)
      : race_(std::move(operations)) {}
  static constexpr const char* name = "run_until_cancelled";
  bool poll() noexcept { return race_.poll(); }
  result_type take() {
    auto [cancelled, done] = race_.take();
    if (!done) return std::unexpected(error(errc::cancelled));
    if constexpr (std::is_void_v<value_type>) {
      return {};
    } else {
      return std::move(*done);
    }
  }

 private:
  race race_;
};

template <class Operation>
class [[nodiscard]] run_until_cancelled_operation {
 public:
  run_until_cancelled_operation(token_reference token, Operation&& operation)
      : operations_(cancelled_operation(std::move(token)), std::move(operation)) {}
  auto operator co_await() && {
    return run_until_cancelled_awaiter<Operation>(std::move(operations_));
  }

 private:
  std::tuple<cancelled_operation, Operation> operations_;
};

}  // namespace detail

class cancellation_guard;

/// Tells those who hold it, or a child of it, that they should stop. Nothing is destroyed: whoever
/// holds a token asks, or awaits `cancelled()` beside its work, and ends in its own way. (To
/// destroy a task, abort it.)
///
///     auto [request, stopped] = co_await weft::select(next_request(), token.cancelled());
///     if (stopped) co_return say_goodbye(*stopped);
///
/// Cancelling a token cancels its children and theirs, never upward. A child that is made of a
/// cancelled token is cancelled. The first reason stays, and the children get the same.
/// Ownership: a cheap handle; copies are the same token. A child keeps what it needs of its parents
/// (64 bytes for each), not the other way round. Dropping all handles does not cancel.
/// Thread-safety: distinct handles from any threads, and one handle from many as long as none
/// assigns to it. What was done before `cancel` is seen by whoever finds the token cancelled.
/// Cost: a token is one allocation. Making and dropping a child, waiting and leaving lock one node
/// for a few instructions; `is_cancelled` is a load.
class cancellation_token {
 public:
  /// A token without parents. Throws std::bad_alloc.
  cancellation_token() : node_(detail::make_token_root()) {}

  /// A token that is cancelled with this one, and may be cancelled alone. Throws std::bad_alloc.
  [[nodiscard]] cancellation_token child_token() const {
    return cancellation_token(detail::token_reference(detail::make_token_child(node_.get())));
  }

  /// Cancels this token and all below it, and wakes who waits for them. False: it was cancelled
  /// before. When it returns, all are cancelled, but for what another thread is cancelling at this
  /// moment. Never blocks.
  bool cancel(cancel_reason why = cancel_reason::user) const noexcept {
    return detail::cancel_tree(node_.get(), why);
  }
  bool is_cancelled() const noexcept { return detail::reason_of(node_.get()) != 0; }
  /// Why it was cancelled; nothing when it was not.
  std::optional<cancel_reason> reason() const noexcept {
    auto why = detail::reason_of(node_.get());
    return why ? std::optional(static_cast<cancel_reason>(why)) : std::nullopt;
  }

  /// Waits until the token is cancelled, and yields the reason. The operation keeps the token
  /// alive.
  /// Cancel-safety: safe.
  detail::cancelled_operation cancelled() const noexcept {
    return detail::cancelled_operation(node_);
  }

  /// Runs `operation` until the token is cancelled, then destroys it. Yields a `result`: that of
  /// the operation, flat when it yields a result itself, or `errc::cancelled`. Of a cancelled token
  /// it does not start the operation.
  /// Cancel-safety: cancels the operation.
  template <detail::operation_argument Argument>
  auto run_until_cancelled(Argument&& operation) const {
    return detail::run_until_cancelled_operation<std::remove_cvref_t<Argument>>(
        node_, detail::take_operation(std::forward<Argument>(operation)));
  }

  /// Cancels the token when the guard is destroyed.
  [[nodiscard]] cancellation_guard drop_guard(
      cancel_reason why = cancel_reason::user) const noexcept;

  /// Whether both are the same token.
  friend bool operator==(const cancellation_token& left, const cancellation_token& right) noexcept {
    return left.node_.get() == right.node_.get();
  }

 private:
  explicit cancellation_token(detail::token_reference node) noexcept : node_(std::move(node)) {}
  detail::token_reference node_;
};

/// Cancels a token when it is destroyed. Move-only.
class [[nodiscard("a guard that is dropped cancels at once")]] cancellation_guard {
 public:
  cancellation_guard(cancellation_token token, cancel_reason why) noexcept
      : token_(std::move(token)), why_(why) {}
  cancellation_guard(cancellation_guard&& other) noexcept
      : token_(std::exchange(other.token_, std::nullopt)), why_(other.why_) {}
  cancellation_guard& operator=(cancellation_guard&& other) noexcept {
    std::swap(token_, other.token_);
    std::swap(why_, other.why_);
    return *this;
  }
  ~cancellation_guard() {
    if (token_) token_->cancel(why_);
  }
  /// Does not cancel after all.
  void disarm() noexcept { token_.reset(); }

 private:
  std::optional<cancellation_token> token_;
  cancel_reason why_;
};

inline cancellation_guard cancellation_token::drop_guard(cancel_reason why) const noexcept {
  return cancellation_guard(*this, why);
}

}  // namespace v0
}  // namespace weft
