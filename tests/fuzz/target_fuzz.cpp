#include <weft/http/target.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// Targets of requests. The first byte chooses the method. Of one that is taken, the parts lie
// within it, in their order, and it is taken again as it is.

namespace {

namespace http = weft::http;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "it does not hold: %s\n", what);
  std::abort();
}

auto within(std::string_view whole, std::string_view part) -> bool {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void look_at(const http::target& parsed) {
  const auto text = parsed.text();
  for (const auto c : text) require(c > ' ' && c < 0x7f && c != '#', "its characters are fit");
  require(within(text, parsed.scheme()), "the scheme is a part");
  require(within(text, parsed.authority()), "the authority is a part");
  require(within(text, parsed.query()), "the query is a part");
  switch (parsed.kind()) {
    case http::target::form::origin:
      require(text.starts_with('/') && parsed.authority().empty(), "an origin form");
      break;
    case http::target::form::absolute:
      require(http::is_authority(parsed.authority()), "an absolute form has an authority");
      require(parsed.path().starts_with('/'), "and a path");
      break;
    case http::target::form::authority:
      require(http::is_authority(text) && parsed.path().empty(), "an authority form");
      break;
    case http::target::form::asterisk:
      require(text == "*" && parsed.path() == "*", "an asterisk form");
      break;
  }
  if (parsed.kind() == http::target::form::origin) {
    require(
        parsed.path().size() + parsed.query().size() + (parsed.has_query() ? 1 : 0) == text.size(),
        "path and query are all of it");
  }
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const http::method methods[] = {http::method::get, http::method::connect, http::method::options};
  const auto& method = methods[data[0] % 3];
  auto parsed = http::target::parse(weft::bytes::copy(text), method);
  if (parsed) {
    require(parsed->text() == text, "it is as it was");
    look_at(*parsed);
  }
  require(http::same_authority(text, text, "http"), "an authority is the same as itself");
  (void)http::is_authority(text);
  return 0;
}
