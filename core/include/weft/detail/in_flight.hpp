// The operations that `buffered` and `buffer_unordered` run at once, as branches of the task.
#pragma once

#include <weft/detail/stream_adaptor.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

// Starts what `Source` yields, at most `limit` of it at once, and yields what comes of it: in the
// order of the source, or as it comes. Lives in the frame of a stream and is awaited there only, so
// that its branches stay where they are.
template <class Source, bool Ordered>
class in_flight {
  using operation = stream_item_t<Source>;
  using came = value_or_unit<await_result_t<operation>>;
  static constexpr bool adds_errors = fallible_stream<Source> && !is_result_v<came>;

 public:
  using value = std::conditional_t<adds_errors, result<came>, came>;
  static constexpr const char* name = Ordered ? "buffered" : "buffer_unordered";

  in_flight(Source& source, std::size_t limit) : source_(source), limit_(limit) {}
  in_flight(const in_flight&) = delete;
  in_flight& operator=(const in_flight&) = delete;

  auto next() noexcept { return next_operation(*this); }

 private:
  // Pinned, and used again for another operation when its own has been delivered.
  struct slot : leaf_awaiter<slot> {
    explicit slot(in_flight& of) noexcept : set(of) {}
    static constexpr const char* name = in_flight::name;
    bool poll() noexcept { return false; }
    void take() noexcept {}
    void branch_done() noexcept { set.ended(*this); }

    in_flight& set;
    slot* next = nullptr;
    std::optional<branch<slot, operation>> running;
    std::optional<error> failure;  // of the source, in place of an operation
    bool done() const noexcept { return failure || running->done(); }
  };

  // First in, first out.
  struct slot_queue {
    slot* first = nullptr;
    slot* last = nullptr;
    void push(slot* added) noexcept {
      added->next = nullptr;
      (last ? last->next : first) = added;
      last = added;
    }
    slot* pop() noexcept {
      auto* taken = first;
      first = taken->next;
      if (!first) last = nullptr;
      return taken;
    }
  };

  class awaiter : public leaf_awaiter<awaiter> {
   public:
    explicit awaiter(in_flight& set) noexcept : set_(set) {}
    ~awaiter() { set_.awaited_ = false; }
    static constexpr const char* name = in_flight::name;
    static constexpr bool lends_bits = true;
    bool poll() noexcept { return set_.poll(); }
    std::optional<value> take() { return set_.take(); }

   private:
    in_flight& set_;
  };
  class [[nodiscard]] next_operation {
   public:
    explicit next_operation(in_flight& set) noexcept : set_(&set) {}
    auto operator co_await() && noexcept { return awaiter(*set_); }

   private:
    in_flight* set_;
  };

  bool poll() noexcept {
    auto& place = current_execution();
    outer_ = place.branch;
    awaited_ = true;
    polling_ = true;
    try {
      start_more();
    } catch (...) {
      thrown_ = std::current_exception();
    }
    polling_ = false;
    place.branch = outer_;
    return settled();
  }
  bool settled() const noexcept {
    return thrown_ || (queue_.first && queue_.first->done()) || (source_ended_ && used_ == 0);
  }
  void start_more() {
    while (used_ < limit_ && !source_ended_) {
      if (!asked_.poll(source_)) return;
      auto next = asked_.take();
      if (is_end(next)) {
        source_ended_ = true;
        return;
      }
      auto* started = free_slot();
      ++used_;
      if constexpr (fallible_stream<Source>) {
        if (!next) {
          started->failure.emplace(std::move(next).error());
          queue_.push(started);
          continue;
        }
        start(*started, std::move(**next));
      } else {
        start(*started, std::move(*next));
      }
    }
  }
  void start(slot& in, operation&& what) {
    in.running.emplace(std::move(what));
    if constexpr (Ordered) queue_.push(&in);
    in.running->start(in, *outer_);
    if constexpr (!Ordered) {
      if (in.running->done()) queue_.push(&in);
    }
  }
  void ended(slot& in) noexcept {
    if constexpr (!Ordered) queue_.push(&in);
    if (awaited_ && !polling_ && settled()) poll_branch(outer_);
  }
  std::optional<value> take() {
    awaited_ = false;
    if (thrown_) std::rethrow_exception(thrown_);
    if (!queue_.first) return std::nullopt;
    struct given_back {
      in_flight& set;
      slot* taken;
      ~given_back() {
        taken->running.reset();
        taken->failure.reset();
        taken->next = std::exchange(set.free_, taken);
        --set.used_;
      }
    } afterwards{*this, queue_.pop()};
    auto& taken = *afterwards.taken;
    if constexpr (adds_errors || is_result_v<value>) {
      if (taken.failure) {
        return std::optional<value>(std::in_place, std::unexpect, std::move(*taken.failure));
      }
    }
    auto& result = taken.running->result();
    if (result.has_exception()) std::rethrow_exception(result.exception());
    return std::optional<value>(std::in_place, std::move(result.value()));
  }
  slot* free_slot() {
    if (free_) return std::exchange(free_, free_->next);
    slots_.push_back(std::make_unique<slot>(*this));
    return slots_.back().get();
  }

  Source& source_;
  std::size_t limit_;
  std::size_t used_ = 0;  // running, or done and not taken yet
  next_slot<Source> asked_;
  slot_queue queue_;  // ordered: all that are used; else those that are done
  slot* free_ = nullptr;
  std::vector<std::unique_ptr<slot>> slots_;
  std::exception_ptr thrown_;
  branch_node* outer_ = nullptr;
  bool awaited_ = false;
  bool polling_ = false;
  bool source_ended_ = false;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
