// What the kit stands on: processes that may die, memory with nothing behind it, and looks at the world.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "kit/broken_input.hpp"
#include "stage/contained.hpp"
#include "stage/lent.hpp"
#include "stage/world.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::stage {
namespace {

using base::Millis;
using Kind = Ending::Kind;

constexpr Millis kLong{20'000};

TEST_CASE("what a contained process returns, keeps and writes arrives") {
  const auto ending = contain(
      [](Wire& wire) {
        wire.begin("the first thing", kLong);
        wire.keep({{"a", 1}});
        wire.keep("b");
        std::printf("to out");
        std::fprintf(stderr, "to err");
        return json::value{{"answer", 42}};
      },
      kLong);
  CHECK(ending.kind == Kind::kReturned);
  CHECK(ending.answer == json::value{{"answer", 42}});
  CHECK(ending.kept == std::vector<json::value>{json::value{{"a", 1}}, json::value("b")});
  CHECK(ending.during == "the first thing");
  CHECK(ending.out == "to out");
  CHECK(ending.err == "to err");
  CHECK(ending.left_behind == 0);
}

TEST_CASE("a death is a result, and what was kept before it is not lost") {
  const auto ending = contain(
      [](Wire& wire) -> json::value {
        wire.begin("the fall", kLong);
        for (int i = 0; i < 2000; ++i) wire.keep(i);
        std::raise(SIGKILL);
        return nullptr;
      },
      kLong);
  CHECK(ending.kind == Kind::kDied);
  CHECK(ending.signal == SIGKILL);
  CHECK(ending.kept.size() == 2000);
  CHECK(how_it_ended(ending) == "the process died of signal 9 (Killed) during the fall");
}

TEST_CASE("an exit and an exception are results, too") {
  const auto left = contain([](Wire&) -> json::value { ::_exit(3); }, kLong);
  CHECK(left.kind == Kind::kDied);
  CHECK(left.signal == 0);
  CHECK(left.status == 3);
  const auto threw = contain([](Wire&) -> json::value { throw std::runtime_error("no way"); }, kLong);
  CHECK(threw.kind == Kind::kDied);
  CHECK(how_it_ended(threw).find("no way") != std::string::npos);
}

TEST_CASE("silence beyond the limit is a hang, and what was started is ended with it") {
  const auto ending = contain(
      [](Wire& wire) -> json::value {
        wire.begin("a long silence", Millis{100});
        const auto child = ::fork();
        if (child == 0) {
          ::setpgid(0, 0);
          for (;;) ::pause();
        }
        wire.keep(child);
        for (;;) ::pause();
      },
      kLong);
  CHECK(ending.kind == Kind::kHung);
  CHECK(ending.left_behind == 1);
  REQUIRE(ending.kept.size() == 1);
  CHECK(::kill(ending.kept[0].to_number<pid_t>(), 0) != 0);
}

TEST_CASE("children of the caller are left alone") {
  const auto child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  const auto ending = contain([](Wire&) { return json::value(1); }, kLong);
  CHECK(ending.left_behind == 0);
  int status = 0;
  CHECK(::waitpid(child, &status, WNOHANG) == 0);
  ::kill(child, SIGKILL);
  CHECK(::waitpid(child, &status, 0) == child);
}

TEST_CASE("lent memory ends where it ends, and is gone when it was taken back") {
  const auto dies_of = [](auto work) {
    const auto ending = contain(
        [&](Wire&) {
          std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would exit instead
          work();
          return json::value("alive");
        },
        kLong);
    return ending.kind == Kind::kDied && ending.signal == SIGSEGV;
  };
  const auto read = [](const char* at) { return *static_cast<const volatile char*>(at); };
  CHECK_FALSE(dies_of([&] {
    const Lent lent("12345");
    if (std::string_view(lent.data(), lent.size()) != "12345") std::abort();
  }));
  CHECK(dies_of([&] {
    const Lent lent("12345");
    (void)read(lent.data() + 5);
  }));
  CHECK(dies_of([&] {
    const char* kept = nullptr;
    {
      const Lent lent("12345");
      kept = lent.data();
    }
    (void)read(kept);
  }));
  CHECK(Lent("").data() == nullptr);
}

TEST_CASE("a look at files sees names, contents and permissions, and no times") {
  const test::TempDir folder;
  const auto now = [&](const std::string& only = "") { return *look(Place{folder.path().string(), "", only, ""}); };
  std::ofstream(folder / "a.txt") << "one";
  const auto before = now();
  CHECK(now() == before);
  std::ofstream(folder / "a.txt") << "one";
  CHECK(now() == before);
  std::ofstream(folder / "a.txt") << "two";
  const auto changed = now();
  CHECK(changed != before);
  CHECK(difference(before, changed).find("one") != std::string::npos);
  std::filesystem::permissions(folder / "a.txt", std::filesystem::perms::owner_read);
  CHECK(now() != changed);
  const auto other = now("b.");
  std::ofstream(folder / "b.txt") << "b";
  CHECK(now("b.") != other);
  CHECK(now("c.") == now("d."));
  CHECK(*look(Place{folder / "nothing", "", "", ""}) != before);
  CHECK(look(Place{"http://127.0.0.1:1/", "", "", ""}).error().code == "stage.place");
}

TEST_CASE("broken inputs are the same for the same seed, and leave servers where they are") {
  const std::string input = R"({"request":{"name":"acme","n":[1,{"x":"y"}]},"server":{"url":"http://127.0.0.1"}})";
  std::mt19937_64 one(7), two(7), three(8);
  const auto a = kit::broken_inputs(input, one, {"server"});
  const auto b = kit::broken_inputs(input, two, {"server"});
  const auto c = kit::broken_inputs(input, three, {"server"});
  REQUIRE(a.size() == b.size());
  bool differs = a.size() != c.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].text == b[i].text);
    differs = differs || a[i].text != c[i].text;
    const auto parsed = base::parse_json(a[i].text, 4U << 20U);
    const auto* url = parsed.has_value() ? base::find_pointer(*parsed, "/server/url") : nullptr;
    if (url != nullptr && url->is_string()) CHECK(*url == "http://127.0.0.1");
    CHECK(a[i].text != input);
  }
  CHECK(differs);
}

}  // namespace
}  // namespace tenantry::stage
