// A task, a handle or an operation that has a name is given up by std::move. Without it there is
// one error, and it says so.
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/shield.hpp>
#include <weft/spawn.hpp>
#include <weft/task.hpp>
#include <weft/time.hpp>

#include <chrono>

using namespace std::chrono_literals;

weft::task<int> one();
weft::task<weft::result<int>> perhaps();

weft::task<weft::result<void>> use() {
  auto named = one();
  auto fallible = perhaps();
  auto handle = weft::spawn(one());
#if CASE == 0
  auto nap = weft::sleep(1s);  // can be copied, as it has nothing to give up
  (void)co_await weft::select(std::move(named), std::move(handle), nap, nap);
  auto late = co_await weft::timeout(1s, nap);
  if (!late) co_return weft::fail(late.error());
  co_await weft::or_return(std::move(fallible));
#elif CASE == 1
  (void)co_await weft::select(named, one());
#elif CASE == 2
  (void)co_await weft::select_biased(one(), named);
#elif CASE == 3
  (void)co_await weft::select(handle, one());
#elif CASE == 4
  (void)co_await weft::join(one(), named);
#elif CASE == 5
  (void)co_await weft::try_join(fallible, perhaps());
#elif CASE == 6
  (void)co_await weft::timeout(1s, named);
#elif CASE == 7
  (void)co_await weft::timeout_at(weft::time::now(), handle);
#elif CASE == 8
  weft::spawn(named).detach();
#elif CASE == 9
  (void)co_await weft::shield(named);
#elif CASE == 10
  (void)weft::runtime().block_on(named);
#elif CASE == 11
  co_await weft::or_return(fallible);
#elif CASE == 12
  (void)co_await named;
#elif CASE == 13
  const auto constant = one();
  (void)co_await weft::select(constant, one());
#endif
  co_return {};
}
