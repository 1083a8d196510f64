// Chapter 4 of docs/tutorial.
#include <cstdio>

#include "tally.hpp"

using weft::or_return;

namespace {

auto election() -> weft::task<weft::result<void>> {
  auto [tally, orders] = weft::sync::mpsc<order>(16);
  auto keeper = weft::spawn(keep_tally(std::move(orders)));
  co_await or_return(add(tally, "ann", 1));
  auto ann = co_await or_return(add(tally, "ann", 1));
  std::printf("ann %d\n", ann);
  {
    auto last = std::move(tally);  // no sender is left: the keeper ends
  }
  co_return co_await std::move(keeper);
}

}  // namespace

int main() {
  return weft::run(election());
}
