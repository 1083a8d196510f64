// Service: what is called with a request and answers with a result, asynchronously. Servers,
// clients and every middleware are services, and a layer turns one service into another.
//
//   auto shout = weft::service::fn([](std::string text) { return text + "!"; });      // a plain
//   value auto fetch = weft::service::fn([db](int id) -> weft::task<weft::result<user>> {…});  // a
//   coroutine auto answer = co_await shout(std::string("weft"));
//
// A service is a value; a copy of it is the same service: it shares state, capacity, connections.
// It is called through `const&`, by many tasks at once. The operation that a call returns borrows
// the service.
#pragma once

#include <weft/leaf.hpp>
#include <weft/result.hpp>
#include <weft/task.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace weft::inline v0::service {

/// An operation that is done at once: what a service that answers with a plain value returns.
template <class T>
class [[nodiscard]] ready {
 public:
  explicit ready(T value) : value_(std::move(value)) {}

  class awaiter : public leaf_awaiter<awaiter> {
   public:
    explicit awaiter(T&& value) : value_(std::move(value)) {}
    static constexpr const char* name = "a value";
    auto poll() noexcept -> bool { return true; }
    auto take() -> T { return std::move(value_); }

   private:
    T value_;
  };
  auto operator co_await() && { return awaiter(std::move(value_)); }

  /// The value, for callers that need not await.
  [[nodiscard]] auto get() && -> T&& { return std::move(value_); }

 private:
  T value_;
};

template <class T>
inline constexpr bool is_ready_v = false;
template <class T>
inline constexpr bool is_ready_v<ready<T>> = true;

/// Makes an operation of what a callable returned: a task or an operation stays what it is, a plain
/// value becomes `ready`.
template <class Returned>
auto as_operation(Returned&& returned) {
  using value = std::remove_cvref_t<Returned>;
  if constexpr (awaitable<value>) {
    return value(std::forward<Returned>(returned));
  } else {
    return ready<value>(std::forward<Returned>(returned));
  }
}

/// What calling a service with a `Request` yields when it is awaited.
template <class Service, class Request>
using answer_t = await_result_t<std::invoke_result_t<const Service&, Request>>;

/// A service of `Request`: copyable, called through const&, returning an operation or a task.
template <class Service, class Request>
concept service_of = std::copy_constructible<Service> && std::invocable<const Service&, Request> &&
                     awaitable<std::invoke_result_t<const Service&, Request>>;

/// The right to one call of a service that has a capacity. Dropping it gives the capacity back.
template <class Permit, class Request>
concept permit_of = std::move_constructible<Permit> && requires(Permit&& permit, Request request) {
  { std::move(permit).call(std::move(request)) } -> awaitable;
};

/// A service that may have to be waited for: `reserve()` yields a `result` of a permit,
/// `try_reserve()` is a `result` of one at once. One without is always ready, and says so by not
/// having them.
template <class Service>
concept reserving = requires(const Service& service) {
  { service.reserve() } -> awaitable;
  { service.try_reserve() };
};
template <class Service>
concept always_ready = !reserving<Service>;

/// Makes a type known as a layer to `|`. A layer has `wrap(service) const -> service`.
struct layer_tag {};
template <class Layer>
concept layer = std::derived_from<std::remove_cvref_t<Layer>, layer_tag>;

/// Makes a type known as a service to `|`.
struct service_tag {};

/// A callable as a service: a function, a lambda, a lambda that is a coroutine. It may return an
/// operation, a task, or a plain value. It is called through const& from any worker: its state must
/// be safe to share.
template <class Function>
class fn : public service_tag {
 public:
  explicit fn(Function function) : function_(std::move(function)) {
    static_assert(std::copy_constructible<Function>,
                  "service::fn: a service is copied into whatever calls it, so the callable must "
                  "be copyable; "
                  "hold what is not in a std::shared_ptr");
  }

  template <class... Request>
    requires std::invocable<const Function&, Request...>
  auto operator()(Request... request) const {
    return as_operation(std::invoke(function_, std::move(request)...));
  }

 private:
  [[no_unique_address]] Function function_;
};

}  // namespace weft::inline v0::service
