#include "blocking/blocking_pool.hpp"

#include <algorithm>
#include <new>
#include <system_error>

#include "scheduler/scheduler.hpp"
#include "task/context_record.hpp"
#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

void blocking_job::release() noexcept {
  // acq_rel: what the other side did with the job happened before it is destroyed.
  if (references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (ambient) drop_inherited(ambient);
  operations->deallocate(this);
}

void submit_blocking(blocking_job* job) {
  auto& pool = ambient_scheduler().blocking();
  job->pool = pool.shared_from_this();
  if (auto here = ambient_here()) job->ambient = inherit_context(here);
  pool.submit(job);
}

void submit_reserved(const std::shared_ptr<blocking_pool>& pool, blocking_job* job) {
  job->pool = pool;
  if (auto here = ambient_here()) job->ambient = inherit_context(here);
  pool->submit_reserved(job);
}

std::shared_ptr<blocking_pool> ambient_blocking_pool() {
  return ambient_scheduler().blocking().shared_from_this();
}
bool poll_place(blocking_pool& pool, blocking_waiter& self) noexcept {
  return pool.poll_place(self);
}
void leave_places(blocking_pool& pool, blocking_waiter& self) noexcept {
  pool.leave(self);
}
std::optional<errc> try_reserve_place(blocking_pool& pool) noexcept {
  return pool.try_reserve();
}
void give_place(blocking_pool& pool) noexcept {
  pool.give_place();
}

void withdraw_blocking(blocking_job* job) noexcept {
  if (!job->ended()) job->pool->withdraw(job);
}

bool poll_blocking(blocking_job* job) noexcept {
  if (!job->ended()) {
    job->waiter.register_current();
    // The pool ends a job and then takes its waiter: one of the two sees the other (atomic_waker).
    if (!job->ended()) return false;
  }
  return consume_budget();
}

blocking_pool::blocking_pool(std::shared_ptr<environment> doors, blocking_limits limits,
                             scheduler& owner)
    : doors_(std::move(doors)), limits_(std::move(limits)), owner_(owner) {}

void blocking_pool::submit(blocking_job* job) noexcept {
  accept(job, false);
}
void blocking_pool::submit_reserved(blocking_job* job) noexcept {
  accept(job, true);
}

void blocking_pool::accept(blocking_job* job, bool reserved) noexcept {
  join_exited();
  bool grow = false;
  {
    std::lock_guard held(lock_);
    if (reserved) --reserved_;
    if (closed_ || !has_room()) {
      job->refused.emplace(closed_ ? errc::shut_down : errc::overloaded);
    } else {
      busy_.fetch_add(1, std::memory_order_relaxed);
      ++occupied_;
      push(job);
      // Threads that are idle or about to look for work take one job each.
      grow = alive_ < limits_.threads && queued_ > idle_ + arriving_;
      if (grow) {
        ++alive_;
        ++arriving_;
        ++starting_;
      }
    }
  }
  if (job->refused) {
    job->operations->drop(job);
    tell(job, false);
    return job->release();
  }
  if (grow) {
    start_thread();
  } else {
    work_.notify_one();
  }
}

bool blocking_pool::poll_place(blocking_waiter& self) noexcept {
  if (self.what() >= waiter::first_given) return consume_budget();
  auto mine = waker::current();  // taken, and dropped when it is not needed, outside the lock
  std::lock_guard held(lock_);
  auto what = self.what();
  if (what == waiter::queued) {  // perhaps by another branch than before
    std::swap(self.to_wake, mine);
    return false;
  }
  if (what == waiter::idle) {
    if (closed_) {
      self.become(blocking_waiter::refused);
    } else if (has_room()) {
      ++reserved_;
      self.become(blocking_waiter::granted);
    } else {
      ++waiting_;
      waiters_.push_back(self, std::move(mine));
      return false;
    }
  }
  return consume_budget();
}

void blocking_pool::leave(blocking_waiter& self) noexcept {
  auto seen = self.what();
  if (seen != waiter::queued && seen != blocking_waiter::granted) return;
  waker dropped;
  std::lock_guard held(lock_);
  if (self.what() == waiter::queued) {
    wait_list::unlink(self);
    --waiting_;
    dropped = std::move(self.to_wake);
  } else if (self.what() == blocking_waiter::granted) {
    --reserved_;
    hand_out();
  }
}

std::optional<errc> blocking_pool::try_reserve() noexcept {
  std::lock_guard held(lock_);
  if (closed_) return errc::shut_down;
  if (!has_room()) return errc::overloaded;
  ++reserved_;
  return std::nullopt;
}

void blocking_pool::give_place() noexcept {
  std::lock_guard held(lock_);
  --reserved_;
  hand_out();
}

// To the first who wait, as far as there is room. Nobody waits once the pool is closed.
void blocking_pool::hand_out() noexcept {
  while (!waiters_.empty() && has_room()) {
    ++reserved_;
    --waiting_;
    wait_list::give(waiters_.front(), blocking_waiter::granted).wake();
  }
}

void blocking_pool::start_thread() noexcept {
  unsigned number = 0;
  try {
    {
      std::lock_guard held(lock_);
      number = next_number_++;
      threads_.try_emplace(number);
    }
    auto started = doors_->start_thread(
        limits_.name, [self = shared_from_this(), number] { self->serve(number); });
    std::lock_guard held(lock_);
    threads_[number].thread = std::move(started);
    --starting_;
    exit_.notify_all();
  } catch (const std::system_error& thrown) {
    start_failed(number, error(thrown.code()));
  } catch (...) {
    start_failed(number, errc::out_of_memory);
  }
}

// What is queued waits for the threads that there are. Without any, or beyond the queue's bound, it
// is refused.
void blocking_pool::start_failed(unsigned number, error why) noexcept {
  blocking_job* refused = nullptr;
  {
    std::lock_guard held(lock_);
    threads_.erase(number);
    --starting_;
    --arriving_;
    --alive_;
    while (last_ && (alive_ == 0 || queued_ > limits_.queue + idle_)) {
      auto* job = last_;
      unlink(job);
      job->refused = why;
      job->next = std::exchange(refused, job);
    }
    exit_.notify_all();
  }
  end_unstarted(refused);
}

void blocking_pool::serve(unsigned number) noexcept {
  std::unique_lock held(lock_);
  --arriving_;
  while (wait_for_work(held)) {
    auto* job = first_;
    unlink(job);
    job->at.store(blocking_job::stage::running, std::memory_order_relaxed);
    held.unlock();
    thread_place.ambient = job->ambient;
    job->operations->run(job);
    thread_place.ambient = 0;
    end(job);
    held.lock();
  }
  --alive_;
  if (auto mine = threads_.find(number); mine != threads_.end()) {  // else detached, by `join`
    mine->second.exited = true;
    ++exited_;
  }
  exit_.notify_all();
}

bool blocking_pool::wait_for_work(std::unique_lock<std::mutex>& held) noexcept {
  auto ready = [this] { return first_ != nullptr || closed_; };
  if (!ready()) {
    ++idle_;
    work_.wait_for(held, limits_.idle, ready);
    --idle_;
  }
  return first_ != nullptr && !closed_;
}

// The job's last moment here. Tasks are woken under the lock, so that none is once `close` has
// returned.
void blocking_pool::end(blocking_job* job) noexcept {
  tell(job, true);
  {
    // After the task was queued that waits for it: a paused clock must not jump in between. The
    // last call of all makes it look again, also when nobody awaits it.
    std::lock_guard held(lock_);
    auto others = busy_.fetch_sub(1, std::memory_order_release) - 1;
    if (!closed_ && others == 0 && owner_.clock().paused()) owner_.io().wake_one();
  }
  job->release();
}

void blocking_pool::tell(blocking_job* job, bool had_place) noexcept {
  std::lock_guard held(lock_);
  // First: whoever sees the end finds the place free, or given to who waited.
  if (had_place) {
    --occupied_;
    hand_out();
  }
  job->at.store(blocking_job::stage::ended, std::memory_order_release);
  if (closed_) {
    job->waiter.clear();
  } else {
    job->waiter.wake();
  }
}

void blocking_pool::withdraw(blocking_job* job) noexcept {
  {
    std::lock_guard held(lock_);
    if (job->at.load(std::memory_order_relaxed) != blocking_job::stage::queued) return;
    unlink(job);
    job->at.store(blocking_job::stage::running, std::memory_order_relaxed);  // ours
  }
  job->operations->drop(job);
  end(job);
}

void blocking_pool::push(blocking_job* job) noexcept {
  job->previous = last_;
  (last_ ? last_->next : first_) = job;
  last_ = job;
  ++queued_;
}

void blocking_pool::unlink(blocking_job* job) noexcept {
  (job->previous ? job->previous->next : first_) = job->next;
  (job->next ? job->next->previous : last_) = job->previous;
  job->next = job->previous = nullptr;
  --queued_;
}

// Threads that went for lack of work. They hold nothing any more: this does not wait.
void blocking_pool::join_exited() noexcept {
  for (;;) {
    std::thread gone;
    {
      std::lock_guard held(lock_);
      if (exited_ == 0) return;
      auto found = std::find_if(threads_.begin(), threads_.end(),
                                [](auto& each) { return each.second.exited; });
      gone = std::move(found->second.thread);
      threads_.erase(found);
      --exited_;
    }
    if (gone.joinable()) gone.join();
  }
}

void blocking_pool::close() noexcept {
  blocking_job* unstarted = nullptr;
  {
    std::lock_guard held(lock_);
    closed_ = true;
    // Their tasks are about to be cancelled, and not woken.
    while (!waiters_.empty()) (void)wait_list::give(waiters_.front(), blocking_waiter::refused);
    waiting_ = 0;
    while (auto* job = last_) {
      unlink(job);
      job->at.store(blocking_job::stage::running, std::memory_order_relaxed);
      job->next = std::exchange(unstarted, job);
    }
    work_.notify_all();
  }
  end_unstarted(unstarted);
}

void blocking_pool::end_unstarted(blocking_job* list) noexcept {
  while (auto* job = list) {
    list = std::exchange(job->next, nullptr);
    job->operations->drop(job);
    end(job);
  }
}

std::size_t blocking_pool::join(std::chrono::nanoseconds at_most) noexcept {
  std::map<unsigned, member> left;
  std::size_t running;
  {
    std::unique_lock held(lock_);
    exit_.wait(held, [this] { return starting_ == 0; });
    // Longer than anybody waits, and short enough for sums of time points.
    auto bound = std::min<std::chrono::nanoseconds>(at_most, std::chrono::hours(24 * 365));
    exit_.wait_for(held, bound, [this] { return alive_ == 0; });
    running = occupied_;
    left.swap(threads_);
    exited_ = 0;
  }
  for (auto& [number, one] : left) {
    if (!one.thread.joinable()) continue;
    if (one.exited) {
      one.thread.join();
    } else {
      one.thread.detach();
    }
  }
  return running;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
