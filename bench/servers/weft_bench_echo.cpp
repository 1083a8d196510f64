// The TCP echo that is measured: a task a connection, each read written back whole.
//
//   weft_bench_echo --port N [--workers N]          0 workers: as many as processors

#include <weft/net/tcp.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>

#include <array>
#include <string>
#include <string_view>

#include "run.hpp"

using weft::or_return;

namespace {

auto echo(weft::net::tcp_stream stream) -> weft::task<weft::result<void>> {
  std::array<char, 4096> buffer;
  while (true) {
    auto count = co_await or_return(stream.read(buffer));
    if (count == 0) co_return weft::result<void>();
    co_await or_return(stream.write_all(std::string_view(buffer.data(), count)));
  }
}

auto serve(std::string port) -> weft::task<weft::result<void>> {
  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:" + port));
  while (true) {
    auto accepted = co_await listener.accept();
    if (accepted) {
      weft::spawn(echo(*std::move(accepted))).detach();
    } else {  // no descriptors: those who are connected go on
      co_await weft::sleep(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  return servers::run(argc, argv, &serve);
}
