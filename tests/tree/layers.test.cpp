#include "layers.hpp"

#include <fstream>
#include <sstream>

#include "support/catch.hpp"

using namespace tenantry::test;

namespace {

const std::filesystem::path kRoot = TENANTRY_ROOT;

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

const Rooms kHouse{{"base", {}}, {"model", {"base"}}, {"http", {"base"}}, {"rest", {"http", "model", "base"}}};

std::vector<std::string> check(Files files) { return check_layers(kHouse, files); }

}  // namespace

TEST_CASE("no room of the tree includes from above or beside") {
  const auto rooms = read_rooms(read(kRoot / "host/CMakeLists.txt"));
  const auto files = read_tree(kRoot, {"host", "sdk", "plugins"});
  REQUIRE(rooms.size() >= 8);
  REQUIRE(files.size() >= 80);
  for (const auto& sentence : check_layers(rooms, files)) FAIL_CHECK(sentence);
}

TEST_CASE("every folder of the host has its line in the table of rooms") {
  const auto rooms = read_rooms(read(kRoot / "host/CMakeLists.txt"));
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "host")) {
    if (!entry.is_directory() || read_tree(entry.path(), {"."}).empty()) continue;
    CAPTURE(entry.path().filename().string());
    CHECK(rooms.count(entry.path().filename().string()) == 1);
  }
}

TEST_CASE("the table of rooms is read from the lines of the build") {
  const auto rooms = read_rooms(
      "# add_room(<name> ...)\nfunction(add_room name)\nadd_room(base LINKS spdlog::spdlog)\n"
      "add_room(rest DEPENDS http\n  base LINKS X::Y DEPENDS model)\n");
  CHECK(rooms == Rooms{{"base", {}}, {"rest", {"http", "base", "model"}}});
}

TEST_CASE("an include is found however it is written, and text that only looks like one is not") {
  const auto found = includes_of("#include \"a/b.hpp\"\n  #  include <c>\n// #include \"no.hpp\"\n#define include\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].target == "a/b.hpp");
  CHECK(found[0].quoted);
  CHECK(found[1].target == "c");
  CHECK_FALSE(found[1].quoted);
}

TEST_CASE("a tree that keeps the rules passes") {
  CHECK(check({{"host/base/text.hpp", ""},
               {"host/model/run.hpp", "#include \"base/text.hpp\"\n#include \"model/state.hpp\"\n"},
               {"host/http/endpoint.cpp", "#include <pistache/endpoint.h>\n"},
               {"host/engine.hpp", "#include <tenantry/abi.h>\n"},
               {"host/app.cpp", "#include \"rest/api.hpp\"\n#include \"app.hpp\"\n"},
               {"sdk/include/tenantry/engine.hpp", "#include <tenantry/abi.h>\n"},
               {"plugins/x/engine.cpp", "#include <tenantry/engine.hpp>\n#include \"x.hpp\"\n"}})
            .empty());
}

TEST_CASE("a planted include is found") {
  const auto one = [](Files files, const std::string& expected) {
    const auto broken = check(std::move(files));
    REQUIRE(broken.size() == 1);
    CHECK(broken[0] == expected);
  };
  SECTION("upwards") {
    one({{"host/model/run.hpp", "#include \"rest/api.hpp\"\n"}},
        "host/model/run.hpp includes rest/api.hpp, but room model does not list rest");
  }
  SECTION("sideways") {
    one({{"host/http/x.cpp", "#include \"model/run.hpp\"\n"}},
        "host/http/x.cpp includes model/run.hpp, but room http does not list model");
  }
  SECTION("of the composition root") {
    one({{"host/app.hpp", ""}, {"host/rest/x.cpp", "#include \"app.hpp\"\n"}},
        "host/rest/x.cpp includes app.hpp of the composition root");
  }
  SECTION("in a room that is not in the table") {
    one({{"host/cellar/x.cpp", "#include \"base/text.hpp\"\n"}},
        "host/cellar/x.cpp is in a room without an add_room line");
  }
  SECTION("of the SDK's C++ in the host") {
    one({{"host/model/x.cpp", "#include <tenantry/engine.hpp>\n"}},
        "host/model/x.cpp includes <tenantry/engine.hpp>; the host knows only <tenantry/abi.h> of the SDK");
  }
  SECTION("of the host in the SDK") {
    one({{"host/base/text.hpp", ""}, {"sdk/src/x.cpp", "#include \"base/text.hpp\"\n"}},
        "sdk/src/x.cpp includes base/text.hpp of the host");
  }
  SECTION("of the host in a plugin") {
    one({{"host/base/text.hpp", ""}, {"plugins/x/x.cpp", "#include <base/text.hpp>\n"}},
        "plugins/x/x.cpp includes base/text.hpp of the host");
  }
  SECTION("of a library that is kept to a few files") {
    one({{"host/model/x.cpp", "#include <soci/soci.h>\n"}},
        "host/model/x.cpp includes <soci/soci.h>, which is kept to a few files");
  }
}

TEST_CASE("a library that shows through a public header is found") {
  const auto broken = check_layers({{"base", {}}, {"sql", {}}, {"service", {"sql"}}},
                                   {{"host/sql/session.hpp", "#include <soci/soci.h>\n"},
                                    {"host/sql/dialect.hpp", "#include \"sql/session.hpp\"\n"},
                                    {"host/service/x.cpp", "#include \"sql/dialect.hpp\"\n"}});
  REQUIRE(broken.size() == 1);
  CHECK(broken[0] ==
        "host/service/x.cpp gets <soci/soci.h> through sql/dialect.hpp: a library behind a border shows in a public "
        "header");
}

TEST_CASE("two rooms that depend on each other are found") {
  const auto broken = check_layers({{"a", {"b"}}, {"b", {"c"}}, {"c", {"a"}}}, {});
  CHECK(broken.size() == 3);
}
