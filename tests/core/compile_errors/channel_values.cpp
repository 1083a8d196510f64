// What a channel cannot carry: the compiler says so, and what to send instead.
#include <weft/sync/broadcast.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/rendezvous.hpp>

#include <memory>

struct throws_when_moved {
  throws_when_moved() = default;
  throws_when_moved(throws_when_moved&&);
};

void use() {
#if CASE == 0
  (void)weft::sync::mpsc<std::unique_ptr<throws_when_moved>>(8);
  (void)weft::sync::rendezvous<std::unique_ptr<throws_when_moved>>();
  (void)weft::sync::broadcast<std::shared_ptr<const throws_when_moved>>(8);
#elif CASE == 1
  (void)weft::sync::mpsc<throws_when_moved>(8);
#elif CASE == 2
  (void)weft::sync::rendezvous<throws_when_moved>();
#elif CASE == 3
  (void)weft::sync::broadcast<std::unique_ptr<int>>(8);
#endif
}
