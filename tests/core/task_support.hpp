// What the tests of tasks and the scheduler share.
#pragma once

#include <weft/leaf.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>

namespace task_test {

using weft::task;

/// How long a suspended chain may be that is destroyed. That recurses natively, so it depends on
/// how large the compiler makes a frame of the stack: coroutines.md, section 2.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WEFT_TEST_OPTIMIZED 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef WEFT_TEST_OPTIMIZED
#endif
#endif
#ifdef WEFT_TEST_OPTIMIZED
inline constexpr int destroyed_depth = 100'000;
#else
inline constexpr int destroyed_depth = 10'000;
#endif

/// A runtime on this thread whose clock stands still.
inline weft::runtime paused_runtime() {
  return weft::runtime::current_thread().start_paused(true).build();
}

/// Runs `body` on this thread, with a clock that stands still.
template <class T>
T run_paused(task<T> body) {
  auto runtime = paused_runtime();
  return runtime.block_on(std::move(body));
}

/// Calls `check(runtime)` with a current-thread runtime, and with 1 to 4 workers.
template <class Check>
void on_every_runtime(Check check) {
  {
    SCOPED_TRACE("current-thread runtime");
    auto runtime = weft::runtime::current_thread().build();
    check(runtime);
  }
  for (unsigned workers = 1; workers <= 4; ++workers) {
    SCOPED_TRACE("workers: " + std::to_string(workers));
    auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
    check(runtime);
  }
}

/// Counts the objects of its kind that are alive. Put one where something must be destroyed.
class census {
 public:
  class member {
   public:
    explicit member(census& of) noexcept : of_(&of) { of_->alive_.fetch_add(1); }
    member(const member& other) noexcept : member(*other.of_) {}
    member(member&& other) noexcept : member(*other.of_) {}
    member& operator=(const member&) noexcept { return *this; }
    ~member() { of_->alive_.fetch_sub(1); }

   private:
    census* of_;
  };

  census() = default;
  census(const census&) = delete;
  ~census() { EXPECT_EQ(alive(), 0) << "objects outlived their test"; }

  member join() noexcept { return member(*this); }
  int alive() const noexcept { return alive_.load(); }

 private:
  std::atomic<int> alive_{0};
};

/// Appends a word to a story when it is destroyed.
class last_words {
 public:
  last_words(std::string& story, std::string words) : story_(&story), words_(std::move(words)) {}
  last_words(last_words&& other) noexcept
      : story_(std::exchange(other.story_, nullptr)), words_(std::move(other.words_)) {}
  ~last_words() {
    if (story_) *story_ += words_ + " ";
  }

 private:
  std::string* story_;
  std::string words_;
};

/// Something that happens once, at the word of the test, from any thread. Waited for by one at a
/// time.
class flag {
 public:
  flag() = default;
  flag(const flag&) = delete;

  void set() noexcept {
    set_.store(true);
    waiter_.wake();
  }
  /// Makes the waiting branch be polled, though nothing happened.
  void wake_for_nothing() noexcept { waiter_.wake(); }
  bool is_set() const noexcept { return set_.load(); }
  int polls() const noexcept { return polls_.load(); }
  /// How many are waiting, or were destroyed unfinished.
  int waiting() const noexcept { return waiting_.load(); }

  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    explicit awaiter(flag& of) noexcept : flag_(of) { flag_.waiting_.fetch_add(1); }
    ~awaiter() {
      flag_.waiter_.clear();
      flag_.waiting_.fetch_sub(1);
    }
    static constexpr const char* name = "flag";
    bool poll() noexcept {
      flag_.polls_.fetch_add(1);
      if (flag_.is_set()) return true;
      flag_.waiter_.register_current();
      return flag_.is_set();
    }
    void take() noexcept {}

   private:
    flag& flag_;
  };
  class operation {
   public:
    explicit operation(flag& of) noexcept : flag_(&of) {}
    auto operator co_await() && noexcept { return awaiter(*flag_); }

   private:
    flag* flag_;
  };
  operation wait() noexcept { return operation(*this); }

 private:
  std::atomic<bool> set_{false};
  std::atomic<int> polls_{0};
  std::atomic<int> waiting_{0};
  weft::atomic_waker waiter_;
};

/// An operation that is done at once, and costs a unit of the budget as those of weft do.
template <class T>
class ready_operation {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    explicit awaiter(T&& value) : value_(std::move(value)) {}
    static constexpr const char* name = "ready";
    bool poll() noexcept { return weft::detail::consume_budget(); }
    T take() { return std::move(value_); }

   private:
    T value_;
  };
  explicit ready_operation(T value) : value_(std::move(value)) {}
  auto operator co_await() && { return awaiter(std::move(value_)); }

 private:
  T value_;
};
template <class T>
ready_operation<T> ready(T value) {
  return ready_operation<T>(std::move(value));
}

/// An operation that is never done.
class never_operation {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter() noexcept {}
    static constexpr const char* name = "never";
    bool poll() noexcept { return false; }
    void take() noexcept {}
  };
  never_operation() noexcept {}
  auto operator co_await() && noexcept { return awaiter(); }
};
inline never_operation never() noexcept {
  return {};
}

template <class T>
task<T> value_task(T value) {
  co_return value;
}

}  // namespace task_test
