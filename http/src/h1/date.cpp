#include "h1/date.hpp"

#include <algorithm>

namespace weft::inline v0::http::h1 {

namespace {

struct civil_date {
  std::int64_t year;
  int month;  // 0 is January
  int day;    // from 1
};

// Counts in years that begin in March, so that the leap day is the last one; 400 such years are
// 146,097 days.
auto civil_from_days(std::int64_t days_since_1970) noexcept -> civil_date {
  const auto days = days_since_1970 + 719'468;  // since 1 March of the year 0
  const auto era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = days - era * 146'097;
  const auto year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto month_from_march = (5 * day_of_year + 2) / 153;
  const auto day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const auto month = (month_from_march + 2) % 12;
  const auto year = year_of_era + era * 400 + (month < 2 ? 1 : 0);
  return {year, static_cast<int>(month), static_cast<int>(day)};
}

auto put_text(char* out, std::string_view text) noexcept -> char* {
  return std::copy(text.begin(), text.end(), out);
}

auto put_digits(char* out, std::int64_t value, int count) noexcept -> char* {
  for (int i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + count;
}

}  // namespace

void format_date(std::int64_t unix_seconds, char* out) noexcept {
  constexpr std::int64_t seconds_a_day = 86'400;
  constexpr std::string_view day_names = "ThuFriSatSunMonTueWed";  // 1 January 1970 was a Thursday
  constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

  auto days = unix_seconds / seconds_a_day;
  auto rest = unix_seconds % seconds_a_day;
  if (rest < 0) {
    --days;
    rest += seconds_a_day;
  }
  const auto weekday = static_cast<std::size_t>((days % 7 + 7) % 7);
  const auto date = civil_from_days(days);

  out = put_text(out, day_names.substr(weekday * 3, 3));
  out = put_text(out, ", ");
  out = put_digits(out, date.day, 2);
  out = put_text(out, " ");
  out = put_text(out, month_names.substr(static_cast<std::size_t>(date.month) * 3, 3));
  out = put_text(out, " ");
  out = put_digits(out, date.year, 4);
  out = put_text(out, " ");
  out = put_digits(out, rest / 3600, 2);
  out = put_text(out, ":");
  out = put_digits(out, rest / 60 % 60, 2);
  out = put_text(out, ":");
  out = put_digits(out, rest % 60, 2);
  put_text(out, " GMT");
}

void second_cache::refresh(std::int64_t unix_seconds) noexcept {
  auto* out = put_text(text_.data(), status_line);
  out = put_text(out, date_name);
  format_date(unix_seconds, out);
  put_text(out + date_size, "\r\n");
  second_ = unix_seconds;
}

auto second_cache::at(std::int64_t unix_seconds) noexcept -> const second_cache& {
  static thread_local constinit second_cache cached;
  if (cached.second_ != unix_seconds) cached.refresh(unix_seconds);
  return cached;
}

}  // namespace weft::inline v0::http::h1
