// Chapter 3 of docs/tutorial.
#include <weft/runtime.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/task_group.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <string>

namespace {

class tally {
 public:
  auto add(std::string name, int by) -> weft::task<int> {
    auto counts = co_await counts_.lock();
    co_return (*counts)[name] += by;
  }
  auto get(std::string name) -> weft::task<int> {
    auto counts = co_await counts_.lock();
    auto found = counts->find(name);
    co_return found == counts->end() ? 0 : found->second;
  }

 private:
  weft::sync::mutex<std::map<std::string, int>> counts_;
};

auto votes(std::shared_ptr<tally> counts, std::string name) -> weft::task<void> {
  for (int i = 0; i < 100; ++i) co_await counts->add(name, 1);
}

auto election() -> weft::task<weft::result<void>> {
  auto counts = std::make_shared<tally>();
  auto voted = co_await weft::task_group<void>([&](auto& group) -> weft::task<void> {
    for (int i = 0; i < 10; ++i) group.spawn(votes, counts, std::string(i % 2 ? "ann" : "bob"));
    co_return;
  });
  auto ann = co_await counts->get("ann");
  auto bob = co_await counts->get("bob");
  std::printf("ann %d, bob %d\n", ann, bob);
  co_return voted;
}

}  // namespace

int main() {
  return weft::run(election());
}
