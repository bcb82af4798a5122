// The engines that are measured: what they do costs nothing, so that what is left is the host. One source, three
// graphs: `chain` (11 steps, one after the other), `fan` (1, then 6 side by side, then 4; 100 ms each) and `sleeper`
// (asks to be asked again in an hour).
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <tenantry/engine.hpp>

using namespace tenantry;

struct Request {
  std::optional<std::string> note;
};
struct Settings {
  std::optional<std::string> log;  // a file that gets one line for each step that is executed
};
BOOST_DESCRIBE_STRUCT(Request, (), (note))
BOOST_DESCRIBE_STRUCT(Settings, (), (log))

class Measured {
 public:
  static constexpr Identity identity{BENCH_ENGINE, "1.0.0", "An engine that is measured"};
  using Request = ::Request;
  using Settings = ::Settings;
  explicit Measured(const Settings& settings)
      : log_(settings.log ? ::open(settings.log->c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1) {}

#if defined(BENCH_CHAIN)
  static void define(Graph<Measured>& g) {
    const auto request = g.request();
    const auto s0 = g.step("step_0", &Measured::nothing, request).repeatable();
    const auto s1 = g.step("step_1", &Measured::nothing, request).after(s0).repeatable();
    const auto s2 = g.step("step_2", &Measured::nothing, request).after(s1).repeatable();
    const auto s3 = g.step("step_3", &Measured::nothing, request).after(s2).repeatable();
    const auto s4 = g.step("step_4", &Measured::nothing, request).after(s3).repeatable();
    const auto s5 = g.step("step_5", &Measured::nothing, request).after(s4).repeatable();
    const auto s6 = g.step("step_6", &Measured::nothing, request).after(s5).repeatable();
    const auto s7 = g.step("step_7", &Measured::nothing, request).after(s6).repeatable();
    const auto s8 = g.step("step_8", &Measured::nothing, request).after(s7).repeatable();
    const auto s9 = g.step("step_9", &Measured::nothing, request).after(s8).repeatable();
    g.step("step_10", &Measured::nothing, request).after(s9).repeatable();
  }
#elif defined(BENCH_FAN)
  static void define(Graph<Measured>& g) {
    const auto request = g.request();
    const auto first = g.step("first", &Measured::tenth, request).repeatable();
    const auto a = g.step("side_a", &Measured::tenth, request).after(first).repeatable();
    const auto b = g.step("side_b", &Measured::tenth, request).after(first).repeatable();
    const auto c = g.step("side_c", &Measured::tenth, request).after(first).repeatable();
    const auto d = g.step("side_d", &Measured::tenth, request).after(first).repeatable();
    const auto e = g.step("side_e", &Measured::tenth, request).after(first).repeatable();
    const auto f = g.step("side_f", &Measured::tenth, request).after(first).repeatable();
    const auto s1 = g.step("then_1", &Measured::tenth, request).after(a, b, c, d, e, f).repeatable();
    const auto s2 = g.step("then_2", &Measured::tenth, request).after(s1).repeatable();
    const auto s3 = g.step("then_3", &Measured::tenth, request).after(s2).repeatable();
    g.step("then_4", &Measured::tenth, request).after(s3).repeatable();
  }
#else
  static void define(Graph<Measured>& g) {
    g.step("sleep", &Measured::later, g.request()).wait_limit(24h).repeatable();
  }
#endif

 private:
  // A line is one write, which no other process or thread can come between.
  void note(const Context& c) const {
    if (log_ < 0) return;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::string line = std::string(c.tenant_id()) + ' ' + std::string(c.step()) + ' ' +
                             std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) + '\n';
    [[maybe_unused]] const auto written = ::write(log_, line.data(), line.size());
  }

  Result<Nothing> nothing(Context& c, const Request&) {
    note(c);
    return done();
  }
  Result<Nothing> tenth(Context& c, const Request&) {
    note(c);
    return c.sleep(100ms) ? done() : Result<Nothing>(cancelled());
  }
  Result<Nothing> later(Context&, const Request&) { return wait(1h, "asleep"); }

  int log_;
};

TENANTRY_ENGINE(Measured)
