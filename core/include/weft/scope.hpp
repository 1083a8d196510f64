// scope: branches of this task, any number of them, that end before the statement does.
#pragma once

#include <weft/detail/listed_branch.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>
#include <weft/task.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {
template <class Function>
class scope_awaiter;
}

/// What the body of a scope is given, to start branches. Neither copied nor moved; it lives as long
/// as the scope. Thread-safety: for the body and the branches of its own task.
class open_scope {
 public:
  open_scope(const open_scope&) = delete;
  open_scope& operator=(const open_scope&) = delete;

  /// Starts a task or operation as a branch: it runs until it waits for the first time, before this
  /// returns. What it yields is dropped; an error, if it yields a result, or what it throws ends
  /// the scope. Where that has happened already it is destroyed without having run. From the body
  /// and the branches; elsewhere it ends the program with a message. Throws std::bad_alloc.
  template <detail::operation_argument Argument>
  void start(Argument&& operation) {
    auto& place = detail::current_execution();
    if (place.task != task_) detail::misuse("scope: a branch was started outside the scope's task");
    if (failed()) return;
    using entry_type = detail::branch_of<open_scope, std::remove_cvref_t<Argument>>;
    auto* added =
        entry_type::make(*this, detail::take_operation(std::forward<Argument>(operation)));
    added->judge = [](entry& base, open_scope& scope) noexcept {
      scope.judge(static_cast<entry_type&>(base).result());
    };
    running_.push_back(added);
    ++size_;
    added->start(*place.branch);
    if (!added->done()) return;
    settle(*added);
    if (failed()) wake_outer();  // not ended from here: who starts is one of those to be destroyed
  }

  template <class Function>
    requires(!detail::operation_argument<Function>)
  void start(Function&&) {
    static_assert(detail::operation_argument<Function>,
                  "scope: start takes a task or an operation, not the function that makes it");
  }

  /// How many branches run, without the body.
  std::size_t size() const noexcept { return size_; }

 private:
  template <class Function>
  friend class detail::scope_awaiter;
  template <class, awaitable>
  friend class detail::branch_of;
  static constexpr const char* name = "scope";

  struct entry : detail::listed_branch {
    using listed_branch::listed_branch;
    void (*judge)(entry& ended, open_scope& scope) noexcept = nullptr;
  };
  using look_again = void (*)(open_scope&) noexcept;

  explicit open_scope(look_again look) noexcept : look_(look) {}
  ~open_scope() = default;

  bool failed() const noexcept { return failure_ || thrown_; }
  template <class T>
  void judge(detail::outcome<T>& ended) noexcept {
    if (failed()) return;
    if (ended.has_exception()) {
      thrown_ = ended.exception();
    } else if constexpr (is_result_v<T>) {
      if (!ended.value()) failure_.emplace(std::move(ended.value().error()));
    }
  }
  void settle(detail::listed_branch& done) noexcept {
    static_cast<entry&>(done).judge(static_cast<entry&>(done), *this);
    running_.unlink(&done);
    done.destroy(&done);
    --size_;
  }
  void ended(detail::listed_branch& done) noexcept {
    settle(done);
    look_(*this);
  }
  void wake_outer() noexcept {
    auto& place = detail::current_execution();
    auto* starter = std::exchange(place.branch, outer_);
    detail::wake_current();
    place.branch = starter;
  }

  const look_again look_;
  detail::task_header* task_ = nullptr;
  detail::branch_node* outer_ = nullptr;
  std::size_t size_ = 0;
  std::optional<error> failure_;
  std::exception_ptr thrown_;
  detail::branch_list running_;
};

namespace detail {

template <class Function>
concept scope_body = std::invocable<Function&, open_scope&> &&
                     is_task_v<std::invoke_result_t<Function&, open_scope&>>;

template <class Function>
class scope_awaiter : public leaf_awaiter<scope_awaiter<Function>> {
  using body_task = std::invoke_result_t<Function&, open_scope&>;
  using value_type = typename body_task::value_type;
  // The scope, and the way from it to this.
  struct own_scope : open_scope {
    scope_awaiter& owner;
    explicit own_scope(scope_awaiter& of) noexcept : open_scope(&look), owner(of) {}
    static void look(open_scope& self) noexcept { static_cast<own_scope&>(self).owner.look(); }
  };

 public:
  explicit scope_awaiter(Function&& body) : function_(std::move(body)) {}
  ~scope_awaiter() { drop(); }
  static constexpr const char* name = "scope";
  static constexpr bool lends_bits = true;

  bool poll() noexcept {
    if (!scope_.outer_) start();
    if (!complete_ && over()) complete();
    return complete_;
  }
  flat_result_t<value_type> take() {
    if (scope_.thrown_) std::rethrow_exception(scope_.thrown_);
    if (scope_.failure_) return std::unexpected(std::move(*scope_.failure_));
    if constexpr (std::is_void_v<value_type>) {
      return {};
    } else {
      return std::move(body_->result().value());
    }
  }

  void branch_done() noexcept {
    scope_.judge(body_->result());
    look();
  }

 private:
  void start() noexcept {
    auto& place = current_execution();
    scope_.outer_ = place.branch;
    scope_.task_ = place.task;
    try {
      body_.emplace(function_(static_cast<open_scope&>(scope_)));
    } catch (...) {
      scope_.thrown_ = std::current_exception();
      return;
    }
    body_->start(*this, *scope_.outer_);
    if (body_->done()) scope_.judge(body_->result());
  }
  bool over() const noexcept { return scope_.failed() || (body_->done() && scope_.size_ == 0); }
  void look() noexcept {
    if (complete_ || !over()) return;
    complete();
    poll_branch(scope_.outer_);
  }
  void complete() noexcept {
    complete_ = true;
    drop();
  }
  // Branches first: what they borrow may be the body's.
  void drop() noexcept {
    scope_.running_.destroy_all();
    if (body_) body_->drop();
  }

  Function function_;
  own_scope scope_{*this};
  std::optional<branch<scope_awaiter, body_task>> body_;
  bool complete_ = false;
};

template <class Function>
class [[nodiscard]] scope_operation {
 public:
  explicit scope_operation(Function&& body) : body_(std::move(body)) {}
  auto operator co_await() && { return scope_awaiter<Function>(std::move(body_)); }

 private:
  Function body_;
};

}  // namespace detail

/// Runs `body(scope)`, and the branches that it starts, as branches of this task (concurrent, on
/// one thread at a time), until all have ended:
///
///     co_await weft::scope([&](auto& scope) -> weft::task<void> {
///       for (auto& shard : shards) scope.start(fill(shard));     // borrows: no copy, no lock
///       co_return;
///     });
///
/// Yields a result, flat: what the body yields, or the first error of a branch. The first error, of
/// a branch or the body, destroys all others, the body too. So does what one throws, which comes
/// out of the `co_await`. Ownership: branches may borrow whatever outlives the scope; not the
/// locals of the body, which may end before them. For parallel tasks see weft/task_group.hpp, for
/// values as they come weft/futures_unordered.hpp. Bounds: none of its own; see open_scope::size.
/// Cost: a block for each branch; O(1) to start and to wake one, however many. Cancel-safety:
/// cancels every branch.
template <class Function>
[[nodiscard]] auto scope(Function body) {
  static_assert(detail::scope_body<Function>,
                "scope: the body is called with a weft::open_scope& and returns a weft::task");
  if constexpr (detail::scope_body<Function>)
    return detail::scope_operation<Function>(std::move(body));
}

}  // namespace v0
}  // namespace weft
