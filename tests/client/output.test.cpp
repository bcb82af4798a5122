#include "client/output.hpp"

#include <sstream>

#include "client/exit_code.hpp"
#include "support/catch.hpp"

using namespace tenantry;
using namespace tenantry::client;

TEST_CASE("text from elsewhere cannot steer the terminal") {
  CHECK(printable("a\x1b[2Jb\x07") == "a[2Jb");
  CHECK(printable("one\ntwo\r\n\tthree") == "one two three");
  CHECK(printable("caf\xC3\xA9 \xC2\x9B") == "caf\xC3\xA9 ");
  CHECK(printable("\xFFz") == "\xEF\xBF\xBDz");
}

TEST_CASE("text is cut and padded by characters, not by bytes") {
  CHECK(columns("caf\xC3\xA9") == 4);
  CHECK(fit("caf\xC3\xA9s", 5) == "caf\xC3\xA9s");
  CHECK(fit("caf\xC3\xA9s", 4) == "caf~");
  CHECK(fit("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9~");
  CHECK(fit("abc", 0).empty());
  CHECK(pad("caf\xC3\xA9", 6) == "caf\xC3\xA9  ");
}

TEST_CASE("a table aligns its columns and ends no line with blanks") {
  CHECK(table({"ID", "NAME"}, {{"ten_1", "A\nB"}, {"t", ""}}) == "ID     NAME\nten_1  A B\nt\n");
}

TEST_CASE("an error is one line of what and one of what next, with a line for each problem between") {
  std::ostringstream out;
  base::Error error{base::ErrorKind::kConflict, "run.active", "A run is active.", "Wait for it.", {},
                    {"cancel", "pause"}};
  error.problems.push_back({"/name", "too\nlong"});
  print_error(out, error);
  CHECK(out.str() ==
        "Error: A run is active. (run.active)\n  /name: too long\nNext: Wait for it. Possible now: cancel, pause\n");
}

TEST_CASE("an error without a next action does not promise one") {
  std::ostringstream out;
  print_error(out, {base::ErrorKind::kInternal, "x", "Broken.", "", {}, {}});
  CHECK(out.str() == "Error: Broken. (x)\n");
}

TEST_CASE("exit codes tell a refusal from a mistake on the command line and from a host that is gone") {
  CHECK(exit_code(base::invalid("tenant.invalid", "")) == kExitRefused);
  CHECK(exit_code(base::invalid("cli.url", "")) == kExitUsage);
  CHECK(exit_code(base::not_found("tenant.unknown", "")) == kExitRefused);
  CHECK(exit_code({base::ErrorKind::kUnavailable, "cli.unreachable", "", "", {}, {}}) == kExitError);
  CHECK(exit_code(base::internal("x", "")) == kExitError);
}

TEST_CASE("durations are short and never negative") {
  CHECK(duration_text(-5) == "0 ms");
  CHECK(duration_text(999) == "999 ms");
  CHECK(duration_text(3'250) == "3.2 s");
  CHECK(duration_text(59'999) == "59.9 s");
  CHECK(duration_text(304'000) == "5 min 4 s");
  CHECK(duration_text(7'380'000) == "2 h 3 min");
}

TEST_CASE("members become text whatever their type") {
  const base::json::value object{{"t", "x"}, {"n", nullptr}, {"i", 7}, {"d", 27.3}, {"b", true}};
  CHECK(member_text(object, "t") == "x");
  CHECK(member_text(object, "n").empty());
  CHECK(member_text(object, "none").empty());
  CHECK(member_text(object, "i") == "7");
  CHECK(member_text(object, "d") == "27.3");
  CHECK(member_text(object, "b") == "true");
  CHECK(member_text(base::json::value(3), "t").empty());
}
