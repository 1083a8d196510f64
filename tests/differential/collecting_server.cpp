// A server for differential.py: it takes every request, reads its body to the end, and answers 200.
//
//   collecting_server --port N
#include <weft/http.hpp>
#include <weft/runtime.hpp>

#include <string>
#include <utility>

#include "../../examples/serving.hpp"

namespace http = weft::http;
using weft::or_return;
using weft::task;

namespace {

auto collect(http::request request) -> task<http::result> {
  auto all = co_await or_return(std::move(request).body().collect(1 << 20));
  co_return http::response(std::to_string(all.size()) + "\n");
}

auto serve(std::string address) -> task<weft::result<void>> {
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  serving::announce(listener);
  co_return co_await http::serve(std::move(listener), collect);
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
