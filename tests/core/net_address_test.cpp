#include <weft/net/address.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace {

using weft::net::host_port;
using weft::net::ip_address;
using weft::net::socket_address;

std::string why_not(std::string_view text) {
  auto parsed = socket_address::parse(text);
  return parsed ? "(parsed)" : parsed.error().message();
}

TEST(ip_address, is_read_and_written) {
  for (std::string text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                           "fe80::1:2:3", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"}) {
    auto parsed = ip_address::parse(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
  EXPECT_EQ(ip_address::parse("2001:DB8:0:0:0:0:0:1")->to_string(), "2001:db8::1");
}

TEST(ip_address, refuses_what_is_none) {
  for (std::string_view text : {"", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ",
                                "::1::", "12345::", "localhost", "[::1]", "1.2.3.4%1", "fe80::1%",
                                "fe80::1%no-such-interface"}) {
    EXPECT_FALSE(ip_address::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(ip_address::parse(std::string_view("1.2.3.4\0", 8)).has_value());
}

TEST(ip_address, knows_the_special_ones) {
  EXPECT_TRUE(ip_address::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(ip_address::loopback_v6().is_loopback());
  EXPECT_FALSE(ip_address::parse("128.0.0.1")->is_loopback());
  EXPECT_TRUE(ip_address().is_any());
  EXPECT_TRUE(ip_address::any_v6().is_any());
  EXPECT_NE(ip_address(), ip_address::any_v6());
}

TEST(ip_address, keeps_the_zone) {
  auto numbered = ip_address::parse("fe80::1%4000000");
  ASSERT_TRUE(numbered.has_value());
  EXPECT_EQ(numbered->zone(), 4000000U);
  EXPECT_EQ(numbered->to_string(), "fe80::1%4000000");
  EXPECT_EQ(ip_address::parse("fe80::1%lo")->to_string(), "fe80::1%lo");
}

TEST(socket_address, is_read_and_written) {
  for (std::string text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[fe80::1%lo]:1",
                           "unix:/run/app.sock", "unix:@abstract"}) {
    auto parsed = socket_address::parse(text);
    ASSERT_TRUE(parsed.has_value()) << why_not(text);
    EXPECT_EQ(parsed->to_string(), text);
    EXPECT_TRUE(static_cast<bool>(*parsed));
  }
}

TEST(socket_address, says_what_is_wrong) {
  auto expect = [](std::string_view text, std::string_view reason) {
    EXPECT_NE(why_not(text).find(reason), std::string::npos) << text << ": " << why_not(text);
  };
  expect("127.0.0.1", "the port is missing");
  expect("127.0.0.1:", "the port after the colon is missing");
  expect("127.0.0.1:http", "the port \"http\" is not a number");
  expect("127.0.0.1:-1", "the port \"-1\" is not a number");
  expect("127.0.0.1:80 ", "is not a number");
  expect("127.0.0.1:65536", "the port 65536 is above 65535");
  expect("127.0.0.1:99999999999999999999", "is above 65535");
  expect(":80", "the host is missing");
  expect("::1:80", "in brackets");
  expect("[::1:80", "the bracket is not closed");
  expect("[::1]", "a colon and a port must follow the bracket");
  expect("[::1]80", "a colon and a port must follow the bracket");
  expect("[127.0.0.1]:80", "without brackets");
  expect("example.org:80", "\"example.org\" is no IP address");
  expect("[]:80", "is no IP address");
  expect("unix:", "empty");
  expect("unix:" + std::string(108, 'x'), "longer than 107 bytes");
}

TEST(socket_address, without_one_is_none) {
  socket_address none;
  EXPECT_FALSE(static_cast<bool>(none));
  EXPECT_FALSE(none.is_ip());
  EXPECT_FALSE(none.is_unix());
  EXPECT_EQ(none.to_string(), "(none)");
}

TEST(socket_address, is_ordered_and_compared_as_a_value) {
  socket_address low(ip_address::loopback_v4(), 1);
  EXPECT_EQ(low, *socket_address::parse("127.0.0.1:1"));
  EXPECT_LT(low, low.with_port(2));
  EXPECT_NE(low, socket_address(ip_address::loopback_v6(), 1));
}

TEST(host_port, takes_names_and_addresses) {
  auto named = host_port::parse("example.org:443");
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(named->host(), "example.org");
  EXPECT_EQ(named->port(), 443);
  EXPECT_EQ(host_port::parse("[::1]:80")->host(), "::1");
  EXPECT_FALSE(host_port::parse("example.org").has_value());
  EXPECT_FALSE(host_port::parse("[]:80").has_value());
}

// Whatever is parsed is written in a form that is parsed to the same.
TEST(socket_address, survives_a_round_trip) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::array<std::uint8_t, 16> octets{};
    for (auto& octet : octets) octet = random() % 3 ? 0 : static_cast<std::uint8_t>(random());
    auto ip = random() % 2 ? ip_address::v6(octets)
                           : ip_address::v4(octets[0], octets[1], octets[2], octets[3]);
    socket_address address(ip, static_cast<std::uint16_t>(random()));
    auto again = socket_address::parse(address.to_string());
    ASSERT_TRUE(again.has_value()) << address.to_string();
    EXPECT_EQ(*again, address);
  }
}

}  // namespace
