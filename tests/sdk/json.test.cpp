#include <limits>
#include <tenantry/json.hpp>

#include "support/catch.hpp"

namespace codec {

enum class Edition { community, enterprise };
BOOST_DESCRIBE_ENUM(Edition, community, enterprise)

struct Address {
  std::string street;
  std::int32_t number = 1;
  friend bool operator==(const Address&, const Address&) = default;
};
BOOST_DESCRIBE_STRUCT(Address, (), (street, number))

struct Everything {
  std::string domain;
  std::string language = "en";
  bool demo = false;
  std::int64_t workers = 2;
  std::uint16_t port = 80;
  double share = 0.5;
  Edition edition = Edition::enterprise;
  std::optional<std::string> note;
  std::vector<Address> addresses;
  std::map<std::string, std::int64_t> limits;
  std::optional<Address> home;
  tenantry::json::object extra;
  friend bool operator==(const Everything&, const Everything&) = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (domain, language, demo, workers, port, share, edition, note, addresses, limits, home, extra))

struct Base {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))
struct Derived : Base {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (name))

struct Constrained {
  std::string tenant, contact;
  std::string note = "";
  std::int64_t workers = 2;
  std::vector<std::string> modules;
  static void constrain(tenantry::Schema<Constrained>& s) {
    s.title("A tenant").description("What is needed");
    s.member(&Constrained::tenant).title("Tenant").pattern("^[a-z]+$").min_length(2).max_length(30);
    s.member(&Constrained::contact).format("email").not_required();
    s.member(&Constrained::workers).range(1, 64).required().description("How many");
    s.member(&Constrained::modules).min_items(1).max_items(5).items_pattern("^[a-z_]+$").required();
  }
};
BOOST_DESCRIBE_STRUCT(Constrained, (), (tenant, contact, note, workers, modules))

struct Outer {
  Address address;
  std::vector<Constrained> tenants;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (address, tenants))

struct Endless {
  std::vector<Endless> children;
};
BOOST_DESCRIBE_STRUCT(Endless, (), (children))

}  // namespace codec

using namespace tenantry;
using namespace codec;

namespace {

std::string complaints(const char* text, std::string_view root = {}) {
  try {
    static_cast<void>(decode<Everything>(json::parse(text), root));
  } catch (const BadInput& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a struct survives the way to JSON and back") {
  Everything all;
  all.domain = "example.org";
  all.demo = true;
  all.workers = std::numeric_limits<std::int64_t>::min();
  all.port = 65535;
  all.share = 0.125;
  all.edition = Edition::community;
  all.note = "a \"quoted\" note";
  all.addresses = {{"High Street", 7}, {"Low Street", -7}};
  all.limits = {{"users", 5}, {"disk", 10}};
  all.home = Address{"Home", 1};
  all.extra = {{"anything", json::array{1, "two", nullptr}}};
  CHECK(decode<Everything>(json::parse(json::serialize(encode(all)))) == all);
}

TEST_CASE("absent members keep their initial value, unknown ones are ignored, null empties an optional") {
  const auto read = decode<Everything>(json::parse(R"({"domain":"d","news":{"a":[1]},"note":null})"));
  Everything expected;
  expected.domain = "d";
  CHECK(read == expected);
}

TEST_CASE("an empty optional is left out of the document") {
  const json::value written = encode(Everything{});
  CHECK_FALSE(written.as_object().contains("note"));
  CHECK(written.as_object().contains("language"));
}

TEST_CASE("complaints name the place by a JSON pointer") {
  CHECK(complaints(R"({"domain":5})", "/request") == "/request/domain: expected text");
  CHECK(complaints(R"({})", "/request") == "/request/domain: is missing");
  CHECK(complaints(R"({"domain":"d","demo":"yes"})") == "/demo: expected true or false");
  CHECK(complaints(R"({"domain":"d","workers":1.5})") == "/workers: expected a whole number");
  CHECK(complaints(R"({"domain":"d","workers":"2"})") == "/workers: expected a whole number");
  CHECK(complaints(R"({"domain":"d","port":70000})") == "/port: expected a whole number from 0 to 65535");
  CHECK(
      complaints(R"({"domain":"d","workers":18446744073709551615})").find("/workers: expected a whole number from -") ==
      0);
  CHECK(complaints(R"({"domain":"d","share":"x"})") == "/share: expected a number");
  CHECK(complaints(R"({"domain":"d","edition":"gold"})") == "/edition: expected one of community, enterprise");
  CHECK(complaints(R"({"domain":"d","addresses":{}})") == "/addresses: expected a list");
  CHECK(complaints(R"({"domain":"d","addresses":[{"street":"a"},{"street":1}]})") ==
        "/addresses/1/street: expected text");
  CHECK(complaints(R"({"domain":"d","addresses":[{"number":1}]})") == "/addresses/0/street: is missing");
  CHECK(complaints(R"({"domain":"d","limits":{"a/b~c":"x"}})") == "/limits/a~1b~0c: expected a whole number");
  CHECK(complaints(R"({"domain":"d","extra":[]})") == "/extra: expected an object");
  CHECK(complaints(R"([])", "/request") == "/request: expected an object");
}

TEST_CASE("all complaints come at once") {
  CHECK(complaints(R"({"domain":5,"demo":6})") == "/domain: expected text\n/demo: expected true or false");
}

TEST_CASE("a whole number may be written with a point, and a number without one") {
  CHECK(decode<Everything>(json::parse(R"({"domain":"d","workers":3.0,"share":2})")).workers == 3);
  CHECK(decode<Everything>(json::parse(R"({"domain":"d","share":2})")).share == 2.0);
  CHECK(complaints(R"({"domain":"d","workers":1e300})") == "/workers: expected a whole number");
}

TEST_CASE("inherited members belong to the struct") {
  CHECK(decode<Derived>(json::parse(R"({"id":"1","name":"n"})")).id == "1");
  CHECK(json::serialize(encode(Derived{{"1"}, "n"})) == R"({"id":"1","name":"n"})");
}

TEST_CASE("a number that is not finite and an enum without a name are not written") {
  Everything all;
  all.share = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(encode(all), std::logic_error);
  all.share = 0;
  all.edition = static_cast<Edition>(77);
  CHECK_THROWS_AS(encode(all), std::logic_error);
}

TEST_CASE("the schema says what the types say") {
  const json::object made = schema<Everything>();
  CHECK(json::value(made) == json::parse(R"({"type":"object","required":["domain"],"properties":{
    "domain":{"type":"string"},
    "language":{"type":"string","default":"en"},
    "demo":{"type":"boolean","default":false},
    "workers":{"type":"integer","default":2},
    "port":{"type":"integer","minimum":0,"maximum":65535,"default":80},
    "share":{"type":"number","default":0.5},
    "edition":{"type":"string","enum":["community","enterprise"],"default":"enterprise"},
    "note":{"type":"string"},
    "addresses":{"type":"array","items":{"type":"object","required":["street"],"properties":{
      "street":{"type":"string"},
      "number":{"type":"integer","minimum":-2147483648,"maximum":2147483647,"default":1}}},"default":[]},
    "limits":{"type":"object","additionalProperties":{"type":"integer"},"default":{}},
    "home":{"type":"object","required":["street"],"properties":{
      "street":{"type":"string"},
      "number":{"type":"integer","minimum":-2147483648,"maximum":2147483647,"default":1}}},
    "extra":{"type":"object"}}})"));
}

TEST_CASE("constrain adds to the schema, and says what is required") {
  const json::object made = schema<Constrained>(true);
  CHECK(made.at("required") == json::parse(R"(["tenant","note","workers","modules"])"));
  CHECK(made.at("properties").at("contact") == json::parse(R"({"type":"string","format":"email"})"));
  CHECK(made.at("properties").at("workers") ==
        json::parse(R"({"type":"integer","minimum":1,"maximum":64,"description":"How many"})"));
  CHECK(made.at("properties").at("modules").at("items").at("pattern") == "^[a-z_]+$");
  CHECK(made.at("additionalProperties") == false);
  CHECK(made.at("title") == "A tenant");
  CHECK_THROWS_AS(decode<Constrained>(json::parse(R"({"tenant":"t","note":"","modules":[]})")), BadInput);
  CHECK(decode<Constrained>(json::parse(R"({"tenant":"t","note":"","modules":[],"workers":1})")).contact.empty());
}

TEST_CASE("a nested struct is required if it has required members, and closed with the outer one") {
  const json::object made = schema<Outer>(true);
  CHECK(made.at("required") == json::parse(R"(["address"])"));
  CHECK(made.at("properties").at("address").at("additionalProperties") == false);
  CHECK(made.at("properties").at("tenants").at("items").at("additionalProperties") == false);
  CHECK_FALSE(schema<Outer>().at("properties").at("address").as_object().contains("additionalProperties"));
}

TEST_CASE("a struct that contains itself is refused instead of described for ever") {
  CHECK_THROWS_AS(schema<Endless>(), std::logic_error);
}
