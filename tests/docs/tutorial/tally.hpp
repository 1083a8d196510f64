// The task that keeps the counts, from chapter 4 of docs/tutorial on.
#pragma once

#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/oneshot.hpp>

#include <map>
#include <string>
#include <utility>

struct order {
  std::string name;
  int by;
  weft::sync::oneshot_sender<int> answer;
};

inline auto keep_tally(weft::sync::mpsc_receiver<order> orders) -> weft::task<void> {
  std::map<std::string, int> counts;
  while (auto next = co_await orders.next()) {
    auto& count = counts[next->name];
    count += next->by;
    (void)next->answer.send(count);  // whoever asked may be gone
  }
}

inline auto add(weft::sync::mpsc_sender<order>& tally, std::string name, int by)
    -> weft::task<weft::result<int>> {
  auto [answer, answered] = weft::sync::oneshot<int>();
  order wanted{std::move(name), by, std::move(answer)};
  co_await weft::or_return(tally.send(std::move(wanted)));
  co_return co_await std::move(answered);
}
