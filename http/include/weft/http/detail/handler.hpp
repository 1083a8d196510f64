#pragma once

#include <weft/detail/branch.hpp>
#include <weft/http/request.hpp>
#include <weft/http/response.hpp>
#include <weft/service/service.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

// A service of HTTP with its type erased: what connections call and routers keep.

namespace weft::inline v0::http::detail {

/// A request that is being handled: a branch of the task that started it.
class WEFT_API pending_call : protected weft::detail::leaf {
 public:
  /// In the poll of a leaf of the caller, whose branch is polled when the answer is there.
  virtual void start() noexcept = 0;
  [[nodiscard]] virtual auto done() const noexcept -> bool = 0;
  /// Once, when done. Rethrows what the handler threw.
  virtual auto take() -> result = 0;
  /// Cancels the handler.
  virtual ~pending_call();

  static auto operator new(std::size_t size) -> void* { return weft::detail::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    weft::detail::deallocate_frame(memory, size);
  }

 protected:
  explicit pending_call(const weft::detail::leaf_kind& kind) noexcept : leaf(kind) {}
};

/// A handler of any type. Shared by all connections; called from all workers at once.
class WEFT_API erased_handler {
 public:
  erased_handler() = default;
  erased_handler(const erased_handler&) = delete;
  auto operator=(const erased_handler&) -> erased_handler& = delete;
  virtual ~erased_handler();

  /// Either answers at once into `answer` and returns null, or returns the call, to be started. May
  /// throw what the handler throws.
  virtual auto call(request&& incoming, result& answer) const -> std::unique_ptr<pending_call> = 0;
};

/// A response, or a result of something that a response is made from, as a result.
template <class Answer>
auto to_result(Answer&& answer) -> result {
  using value = std::remove_cvref_t<Answer>;
  if constexpr (std::same_as<value, result>) {
    return std::forward<Answer>(answer);
  } else if constexpr (is_result_v<value>) {
    if (!answer) return std::unexpected(std::forward<Answer>(answer).error());
    if constexpr (std::is_void_v<typename value::value_type>) {
      return response(status::no_content);
    } else {
      return response(*std::forward<Answer>(answer));
    }
  } else {
    static_assert(responds<value>,
                  "http: a handler returns text, bytes, an http::status, an http::response, a "
                  "weft::result of one of these, or a weft::task of one of these");
    return response(std::forward<Answer>(answer));
  }
}

template <class Operation>
class pending_operation final : public pending_call {
  using branch = weft::detail::branch<pending_operation, Operation>;

 public:
  explicit pending_operation(Operation&& operation)
      : pending_call(kind), branch_(std::move(operation)) {}

  void start() noexcept override {
    outer_ = weft::detail::current_execution().branch;
    branch_.start(*this, *outer_);
  }
  [[nodiscard]] auto done() const noexcept -> bool override { return branch_.done(); }
  auto take() -> result override {
    if constexpr (std::is_void_v<typename branch::value_type>) {
      branch_.result().take();
      return response(status::no_content);
    } else {
      return to_result(branch_.result().take());
    }
  }
  void branch_done() noexcept { weft::detail::poll_branch(outer_); }

 private:
  friend branch;
  static auto never(weft::detail::leaf*) noexcept -> bool { return false; }
  static constexpr weft::detail::leaf_kind kind{&never, "an HTTP handler"};

  branch branch_;
  weft::detail::branch_node* outer_ = nullptr;
};

template <class Service>
class handler_of final : public erased_handler {
 public:
  explicit handler_of(Service service) : service_(std::move(service)) {}

  auto call(request&& incoming, result& answer) const -> std::unique_ptr<pending_call> override {
    using returned = std::invoke_result_t<const Service&, request>;
    if constexpr (service::is_ready_v<returned>) {
      answer = to_result(service_(std::move(incoming)).get());
      return nullptr;
    } else {
      return std::make_unique<pending_operation<returned>>(service_(std::move(incoming)));
    }
  }

 private:
  Service service_;
};

/// What a route is given: a function of a request, or of nothing.
template <class Function>
class route_function {
 public:
  explicit route_function(Function function) : function_(std::move(function)) {}
  auto operator()(request incoming) const {
    if constexpr (std::invocable<const Function&, request>) {
      return service::as_operation(std::invoke(function_, std::move(incoming)));
    } else {
      return service::as_operation(std::invoke(function_));
    }
  }

 private:
  Function function_;
};

template <class Function>
concept handles_requests =
    std::invocable<const Function&, request> || std::invocable<const Function&>;

/// Whether a function that is not overloaded has a reference as its first parameter.
template <class Call>
struct has_reference_parameter : std::false_type {};
template <class Answer, class First, class... Rest>
struct has_reference_parameter<Answer (*)(First, Rest...)> : std::is_reference<First> {};
template <class Answer, class Object, class First, class... Rest>
struct has_reference_parameter<Answer (Object::*)(First, Rest...) const>
    : std::is_reference<First> {};
template <class Function>
constexpr auto takes_reference() -> bool {
  if constexpr (std::invocable<const Function&, request&>) {
    return true;
  } else if constexpr (requires { &Function::operator(); }) {
    return has_reference_parameter<decltype(&Function::operator())>::value;
  } else {
    return has_reference_parameter<Function>::value;
  }
}
/// A coroutine that is called with a reference to a request which is gone when it goes on.
template <class Function>
constexpr auto dangles() -> bool {
  if constexpr (std::invocable<const Function&, request>) {
    return weft::detail::is_task_v<std::invoke_result_t<const Function&, request>> &&
           takes_reference<Function>();
  } else {
    return false;
  }
}

template <class Function>
auto make_handler(Function function) -> std::unique_ptr<const erased_handler> {
  static_assert(
      handles_requests<Function>,
      "http: a handler is called with an http::request, by value, or with nothing; and by "
      "many at once, so that a lambda must not be mutable");
  static_assert(!dangles<Function>(),
                "http: a handler that is a coroutine takes its http::request by value: it goes on "
                "after the call, when what a reference refers to is gone");
  return std::make_unique<const handler_of<route_function<Function>>>(
      route_function<Function>(std::move(function)));
}

}  // namespace weft::inline v0::http::detail
