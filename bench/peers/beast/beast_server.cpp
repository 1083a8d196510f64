// Boost.Beast answering GET with 13 bytes, in the shape that costs Beast least: callbacks, one
// io_context per thread, no strands, no timers.
//
//   beast_server --port N [--threads N]

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

const std::string& http_date() {
  thread_local std::time_t second = 0;
  thread_local std::string text;
  timespec now;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != second) {
    second = now.tv_sec;
    tm parts;
    ::gmtime_r(&second, &parts);
    char date[64];
    text.assign(date, std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return text;
}

class session : public std::enable_shared_from_this<session> {
 public:
  explicit session(tcp::socket socket) : stream_(std::move(socket)) {}

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->write();
                     });
  }

 private:
  void write() {
    response_ = {};
    response_.version(request_.version());
    response_.result(http::status::ok);
    response_.set(http::field::server, "beast");
    response_.set(http::field::date, http_date());
    response_.set(http::field::content_type, "text/plain");
    response_.keep_alive(request_.keep_alive());
    response_.body() = "Hello, World!";
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        if (!error && self->response_.keep_alive()) self->read();
                      });
  }

  tcp::socket stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
};

class listener {
 public:
  listener(asio::io_context& context, unsigned short port) : acceptor_(context) {
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    tcp::endpoint here(asio::ip::address_v4::loopback(), port);
    acceptor_.open(here.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.set_option(reuse_port(true));
    acceptor_.bind(here);
    acceptor_.listen(4096);
    accept();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (!error) {
        socket.set_option(tcp::no_delay(true), error);
        std::make_shared<session>(std::move(socket))->read();
      }
      accept();
    });
  }

  tcp::acceptor acceptor_;
};

void serve(unsigned short port) {
  asio::io_context context(1);
  listener accepting(context, port);
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  int port = 0;
  int threads = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view option = argv[i];
    if (option == "--port") port = std::atoi(argv[i + 1]);
    if (option == "--threads") threads = std::atoi(argv[i + 1]);
  }
  if (port <= 0 || threads <= 0) {
    std::fprintf(stderr, "usage: beast_server --port N [--threads N]\n");
    return 2;
  }
  auto number = static_cast<unsigned short>(port);
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([number] { serve(number); });
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  serve(number);
}
