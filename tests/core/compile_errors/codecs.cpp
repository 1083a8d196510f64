// framed says what its codec lacks.
#include <weft/io/codec.hpp>
#include <weft/io/duplex.hpp>

#include <string>
#include <utility>

struct number_codec {
  weft::result<std::optional<int>> decode(weft::buffer& in);
  weft::result<void> encode(const int& what, weft::buffer& out);
};
struct no_optional {
  weft::result<int> decode(weft::buffer& in);
};

weft::task<weft::result<void>> use(weft::io::transport connection) {
#if CASE == 0
  weft::io::framed peer(std::move(connection), number_codec());
  (void)peer.next();
  (void)peer.send(7);
#elif CASE == 1
  weft::io::framed peer(std::move(connection), no_optional());
  (void)peer.next();
#elif CASE == 2
  weft::io::framed peer(std::move(connection), number_codec());
  (void)peer.send(std::string("seven"));
#endif
  co_return {};
}
