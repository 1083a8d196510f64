// A worker changes its thread, since the present one is about to block.
#include <weft/block_in_place.hpp>
#include <weft/spawn_blocking.hpp>

#include <new>

#include "blocking/blocking_pool.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/worker.hpp"
#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// A worker on its way to a thread of the blocking pool. As long as that has not begun, whoever gave
// it away may take it back.
struct handed_worker final : blocking_job {
  handed_worker(scheduler& from, worker& one) noexcept
      : blocking_job(&calls), owner(from), given(one) {}

  static void run(blocking_job* job) noexcept {
    auto* self = static_cast<handed_worker*>(job);
    self->begun = true;
    self->owner.run_handed_over(self->given);
  }
  static void drop(blocking_job*) noexcept {}
  static void deallocate(blocking_job* job) noexcept { delete static_cast<handed_worker*>(job); }
  static constexpr blocking_operations calls{&run, &drop, &deallocate};

  scheduler& owner;
  worker& given;
  bool begun = false;  // read once the job has ended
};

worker_hand_over::worker_hand_over() noexcept {
  auto& place = thread_place;
  auto* mine = static_cast<worker*>(place.worker);
  if (!mine) return;
  auto& owner = *place.current_scheduler;
  if (owner.current_thread()) {
    misuse(
        "block_in_place on a current-thread runtime, where no other thread could go on; use "
        "spawn_blocking");
  }
  auto* handed = new (std::nothrow) handed_worker(owner, *mine);
  if (!handed) return;  // then its peers steal what they can
  handed->pool = owner.blocking().shared_from_this();
  mine->prepare_hand_over();
  place.worker = nullptr;
  owner.note_handed_over(1);
  handed_ = handed;
  owner.blocking().submit(handed);
}

worker_hand_over::~worker_hand_over() {
  if (!handed_) return;
  withdraw_blocking(handed_);
  if (handed_->ended() && !handed_->begun) {
    thread_place.worker = &handed_->given;
    handed_->given.take_back();
    handed_->owner.note_handed_over(-1);
  }
  handed_->release();
}

void scheduler::run_handed_over(worker& one) noexcept {
  {
    entered_scheduler inside(*this, &one);
    if (options_.hooks.thread_start) options_.hooks.thread_start();
    one.loop(nullptr);
    if (options_.hooks.thread_stop) options_.hooks.thread_stop();
  }
  driver_->wake_one();  // the next one hears of the end, too
  note_handed_over(-1);
}

void scheduler::note_handed_over(int change) noexcept {
  std::lock_guard held(driving_);
  handed_over_ += change;
  if (handed_over_ == 0) driving_changed_.notify_all();
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
