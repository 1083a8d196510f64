// Numbers that a program counts of itself, as text for Prometheus.

#include <weft/metrics.hpp>
#include <weft/metrics/snapshot.hpp>
#include <weft/runtime.hpp>

#include <cstdio>
#include <string>

namespace metrics = weft::metrics;

namespace {

// Looked up once: the handles are what is kept and used.
class mailer {
 public:
  explicit mailer(metrics::registry& all)
      : sent_(all.counter("mails_sent_total", {.help = "Mails that were sent."}).value()),
        open_(all.up_down_counter("mails_open", {.help = "Mails that are being sent."}).value()),
        bytes_(all.histogram("mail_bytes", {.help = "Size of a mail.", .unit = "bytes"},
                             {1000, 100'000})
                   .value()) {}

  void send(const std::string& text) const {
    open_.add();
    bytes_.record(static_cast<double>(text.size()));
    sent_.add();
    open_.sub();
  }

 private:
  metrics::counter sent_;
  metrics::up_down_counter open_;
  metrics::histogram bytes_;
};

}  // namespace

int main() {
  metrics::registry all;  // or metrics::default_registry(), which is the whole process's
  mailer mails(all);
  mails.send(std::string(300, 'x'));
  mails.send(std::string(2'000, 'x'));

  // What is counted elsewhere is asked for when somebody looks.
  auto disk = metrics::add_collector(all, [](metrics::collection& to) {
    to.gauge("disk_free_bytes", {.help = "Room on the disk.", .unit = "bytes"}, 1e9,
             {{"disk", "a"}});
  });

  std::string text;
  metrics::write_prometheus(all, text);
  std::fputs(text.c_str(), stdout);

  // A runtime has many numbers of its own.
  auto runtime = weft::runtime::current_thread().build();
  auto of_runtime = metrics::add_runtime_metrics(all, runtime);
  auto now = metrics::take_snapshot(all);
  std::printf("a runtime tells of its tasks: %s\n",
              now.find("weft_runtime_alive_tasks") ? "yes" : "no");
}
