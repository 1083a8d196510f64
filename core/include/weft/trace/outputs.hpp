// The outputs that there are: text to read, JSON to parse, and a collector for tests.
#pragma once

#include <weft/trace/subscriber.hpp>
#include <weft/trace/writer.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weft {
inline namespace v0 {
namespace trace {

struct text_options {
  bool time = true;        ///< Begin with the time (UTC, RFC 3339).
  bool place = false;      ///< End with the file and line.
  bool span_ends = false;  ///< A line also when a span ends, with its busy and idle time.
};

/// A line of text for each event:
///
///     2026-11-23T19:12:28.123456Z  INFO charged amount=12 in pay{card=visa} < checkout{order=7}
///
/// Control characters in messages and fields are written as `\u{1b}`, so that what comes from
/// outside can neither forge lines nor speak to the terminal. Lines have at most 16 KiB; what is
/// longer is cut, and ends in `…`.
WEFT_API std::shared_ptr<output> text(std::shared_ptr<writer> to = direct_writer(),
                                      text_options options = {});

/// A JSON object on a line of its own for each event, and for each span when it ends:
///
///     {"time":"…","level":"info","message":"charged","fields":{"amount":12},"file":"…","line":7,
///      "trace_id":"…","span_id":"…","spans":[{"name":"checkout","fields":{"order":7}}]}
///     {"time":"…","level":"info","span":"checkout","fields":{…},"trace_id":…,"span_id":…,
///      "parent_id":…,"links":[…],"status":"ok","duration_ns":…,"busy_ns":…,"idle_ns":…,…}
///
/// `time` of a span is its start. Bytes that are no UTF-8 become U+FFFD; numbers that JSON lacks
/// (infinite, not a number) become null. Lines have no limit but that of their fields.
WEFT_API std::shared_ptr<output> json(std::shared_ptr<writer> to = direct_writer());

/// Keeps what it hears, for tests:
///
///     auto heard = std::make_shared<weft::trace::collector>();
///     weft::trace::install({{weft::trace::level::trace, heard}}).value();
///     …
///     EXPECT_EQ(heard->events().at(0).message, "charged");
///
/// Bounds: `limit` events and as many spans; later ones are counted. Thread-safe.
class WEFT_API collector final : public output {
 public:
  struct field {
    std::string name;
    std::string value;  ///< As text.
    friend bool operator==(const field&, const field&) = default;
  };
  struct event {
    level importance;
    std::string message;
    std::vector<field> fields;
    std::vector<std::string> spans;  ///< Names, the innermost first.
    span_context span;
  };
  struct span {
    std::string name;
    level importance;
    std::vector<field> fields;
    span_context identity;
    span_context parent;
    std::vector<span_context> links;
    status how_it_ended;
    std::string description;
    std::chrono::nanoseconds duration;
    std::chrono::nanoseconds busy;
    std::chrono::nanoseconds idle() const noexcept { return duration - busy; }
  };

  explicit collector(std::size_t limit = 65536) noexcept : limit_(limit) {}

  std::vector<event> events() const;
  /// Those that ended, in the order of their ends.
  std::vector<span> spans() const;
  /// Names of spans in the order of their starts.
  std::vector<std::string> started() const;
  std::size_t missed() const noexcept;
  void clear() noexcept;

  void on_event(const event_view& happened) noexcept override;
  void on_span_start(const span_view& begun) noexcept override;
  void on_span_end(const span_view& ended) noexcept override;

 private:
  mutable std::mutex lock_;
  std::size_t limit_;
  std::size_t missed_ = 0;
  std::vector<event> events_;
  std::vector<span> spans_;
  std::vector<std::string> started_;
};

}  // namespace trace
}  // namespace v0
}  // namespace weft
