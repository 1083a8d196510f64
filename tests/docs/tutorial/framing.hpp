// The conversation of chapter 6 of docs/tutorial.
#pragma once

#include <weft/io/codec.hpp>
#include <weft/io/line_codec.hpp>
#include <weft/net/tcp.hpp>
#include <weft/time.hpp>

#include <string>
#include <string_view>
#include <utility>

#include "tally.hpp"

using weft::or_return;
using namespace std::chrono_literals;

// "add NAME" adds one, "get NAME" adds nothing; both answer with the count.
inline auto answer(weft::sync::mpsc_sender<order>& tally, std::string_view line)
    -> weft::task<weft::result<std::string>> {
  auto blank = line.find(' ');
  auto command = line.substr(0, blank);
  if (blank == line.npos || (command != "add" && command != "get")) {
    co_return "error: say add NAME or get NAME";
  }
  auto name = std::string(line.substr(blank + 1));
  auto count = co_await or_return(add(tally, name, command == "add" ? 1 : 0));
  co_return name + " " + std::to_string(count);
}

inline auto converse(weft::net::tcp_stream client, weft::sync::mpsc_sender<order> tally)
    -> weft::task<weft::result<void>> {
  weft::io::framed peer(std::move(client), weft::io::line_codec(1000));
  while (true) {
    auto line = co_await or_return(weft::timeout(1min, peer.next()));
    if (!line) break;
    auto reply = co_await or_return(answer(tally, *line));
    co_await or_return(peer.send(std::move(reply)));
  }
  co_return co_await peer.close();
}
