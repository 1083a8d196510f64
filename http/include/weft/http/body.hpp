#pragma once

#include <weft/bytes.hpp>
#include <weft/detail/branch.hpp>
#include <weft/http/header_map.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// The body of a message: nothing, bytes that are there, or a stream of frames that are asked for
// one at a time. Asking is what moves the bytes: whoever does not read stops the sender.
//
//   while (auto part = co_await or_return(request.body().next())) count += part->size();
//   auto all = co_await or_return(std::move(request).body().collect(1_MiB));

namespace weft::inline v0::http {

/// A part of a body: data, or, last of all, the trailers.
class frame {
 public:
  explicit frame(bytes data) noexcept : data_(std::move(data)) {}
  explicit frame(header_map trailers)
      : trailers_(std::make_unique<header_map>(std::move(trailers))) {}

  [[nodiscard]] auto is_trailers() const noexcept -> bool { return trailers_ != nullptr; }
  [[nodiscard]] auto data() noexcept -> bytes& { return data_; }
  /// Only when is_trailers().
  [[nodiscard]] auto trailers() noexcept -> header_map& { return *trailers_; }

 private:
  bytes data_;
  std::unique_ptr<header_map> trailers_;
};

/// Where the frames of a streamed body come from. Derive from it for a kind of your own.
/// One reader; it is polled by the branch that reads, and destroying it tells the producer that
/// nobody will.
class WEFT_API body_source {
 public:
  using polled = weft::result<std::optional<frame>>;

  body_source() = default;
  body_source(const body_source&) = delete;
  auto operator=(const body_source&) -> body_source& = delete;
  virtual ~body_source();

  /// True: `into` is the next frame, nothing at the end, or an error, which ends it too. False: the
  /// running branch is registered, as in a leaf's poll().
  virtual auto poll_frame(polled& into) noexcept -> bool = 0;
  /// The data that is still to come, when that is known exactly.
  [[nodiscard]] virtual auto size() const noexcept -> std::optional<std::uint64_t>;
};

/// A body. Move-only. Reading consumes it.
/// Thread-safety: one task at a time.
class body {
 public:
  class next_operation;
  class collect_operation;

  /// Nothing.
  body() noexcept = default;
  body(bytes data) noexcept : data_(std::move(data)) {}  // NOLINT(google-explicit-constructor)
  explicit body(std::string text) : data_(bytes::from(std::move(text))) {}
  explicit body(std::unique_ptr<body_source> source) noexcept : source_(std::move(source)) {}

  /// What is still to come, when that is known exactly.
  [[nodiscard]] WEFT_API auto size() const noexcept -> std::optional<std::uint64_t>;
  /// Whether everything is there already, or nothing is.
  [[nodiscard]] auto is_full() const noexcept -> bool { return source_ == nullptr; }
  [[nodiscard]] auto full() const noexcept -> const bytes& { return data_; }
  [[nodiscard]] auto source() noexcept -> body_source* { return source_.get(); }

  /// Yields a `weft::result<std::optional<bytes>>`: the next data, or nothing at the end. Trailers
  /// are kept for `trailers()`. Errors: those of the source, such as errc::closed when the peer
  /// went away, errc::limit_exceeded, errc::timed_out. Cancel-safety: safe, no data is lost.
  [[nodiscard]] auto next() noexcept -> next_operation;
  /// The trailers, once next() has reported the end; null when there were none.
  [[nodiscard]] auto trailers() const noexcept -> const header_map* { return trailers_.get(); }

  /// Reads the rest, at most `limit` bytes, into one piece. Yields a `weft::result<bytes>`. Errors:
  /// as next, and errc::limit_exceeded. Cancel-safety: what was read is lost.
  [[nodiscard]] auto collect(std::size_t limit) && -> collect_operation;

  /// One step of next(), for protocol engines: see body_source::poll_frame.
  WEFT_API auto poll_frame(body_source::polled& into) noexcept -> bool;

 private:
  bytes data_;
  std::unique_ptr<body_source> source_;
  std::unique_ptr<header_map> trailers_;

  friend class next_operation;
  auto poll_data(weft::result<std::optional<bytes>>& into) noexcept -> bool;
};

class body::next_operation {
 public:
  explicit next_operation(body& from) noexcept : from_(&from) {}

  class awaiter : public leaf_awaiter<awaiter> {
   public:
    explicit awaiter(body& from) noexcept : from_(from) {}
    static constexpr const char* name = "body";
    auto poll() noexcept -> bool { return from_.poll_data(got_); }
    auto take() -> weft::result<std::optional<bytes>> { return std::move(got_); }

   private:
    body& from_;
    weft::result<std::optional<bytes>> got_;
  };
  auto operator co_await() && noexcept { return awaiter(*from_); }

 private:
  body* from_;
};

class body::collect_operation {
 public:
  collect_operation(body&& from, std::size_t limit) noexcept
      : from_(std::move(from)), limit_(limit) {}

  class WEFT_API awaiter : public leaf_awaiter<awaiter> {
   public:
    awaiter(body&& from, std::size_t limit) noexcept : from_(std::move(from)), limit_(limit) {}
    static constexpr const char* name = "body";
    auto poll() noexcept -> bool;
    auto take() -> weft::result<bytes> { return std::move(got_); }

   private:
    auto keep(bytes part) noexcept -> bool;

    body from_;
    std::size_t limit_;
    buffer gathered_;
    weft::result<bytes> got_;
  };
  auto operator co_await() && noexcept { return awaiter(std::move(from_), limit_); }

 private:
  body from_;
  std::size_t limit_;
};

inline auto body::next() noexcept -> next_operation {
  return next_operation(*this);
}
inline auto body::collect(std::size_t limit) && -> collect_operation {
  return collect_operation(std::move(*this), limit);
}

namespace detail {

/// A body made by a function that is called for each part: `() ->
/// task<weft::result<optional<bytes>>>`.
template <class Function>
class function_source final : public body_source, private weft::detail::leaf {
  using step = std::invoke_result_t<Function&>;
  using branch = weft::detail::branch<function_source, step>;

 public:
  explicit function_source(Function function) : leaf(kind), function_(std::move(function)) {}

  auto poll_frame(polled& into) noexcept -> bool override {
    outer_ = weft::detail::current_execution().branch;
    try {
      if (!running_) {
        running_.emplace(function_());
        polling_ = true;
        running_->start(*this, *outer_);
        polling_ = false;
      }
      if (!running_->done()) return false;
      auto part = running_->result().take();
      running_.reset();
      into = to_frame(std::move(part));
    } catch (...) {
      running_.reset();
      into = std::unexpected(error(errc::task_failed, "the function that makes a body"));
    }
    return true;
  }
  void branch_done() noexcept {
    if (!polling_) weft::detail::poll_branch(outer_);
  }

 private:
  friend branch;
  static auto never(weft::detail::leaf*) noexcept -> bool { return false; }
  static constexpr weft::detail::leaf_kind kind{&never, "a function that makes a body"};

  static auto to_frame(weft::result<std::optional<bytes>> part) -> polled {
    if (!part) return std::unexpected(std::move(part.error()));
    if (!*part) return std::optional<frame>();
    return std::optional<frame>(frame(std::move(**part)));
  }

  Function function_;
  std::optional<branch> running_;
  weft::detail::branch_node* outer_ = nullptr;
  bool polling_ = false;
};

}  // namespace detail

/// A body that `function` makes, part by part: it is called for each one, returns a
/// `task<weft::result<std::optional<bytes>>>`, and ends the body with nothing or an error.
/// The function is kept by the body; it is not called again before its task has ended.
template <std::invocable Function>
auto stream(Function function) -> body {
  static_assert(
      std::same_as<std::invoke_result_t<Function&>, task<weft::result<std::optional<bytes>>>>,
      "http::stream: the function returns a weft::task<weft::result<std::optional<weft::bytes>>>");
  return body(std::make_unique<detail::function_source<Function>>(std::move(function)));
}

}  // namespace weft::inline v0::http
