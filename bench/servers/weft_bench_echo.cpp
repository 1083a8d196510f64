// The TCP echo that is measured: a task a connection, each read written back whole.
//
//   weft_bench_echo --port N [--workers N]          0 workers: as many as processors

#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

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
  std::string port = "0";
  unsigned workers = 0;
  for (int index = 1; index + 1 < argc; index += 2) {
    std::string_view option = argv[index];
    if (option == "--port") port = argv[index + 1];
    if (option == "--workers") workers = static_cast<unsigned>(std::atoi(argv[index + 1]));
  }
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto ended = runtime.block_on(serve(port));
  if (ended) return 0;
  std::fprintf(stderr, "error: %s\n", ended.error().message().c_str());
  return 1;
}
