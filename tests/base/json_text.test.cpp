#include "base/json_text.hpp"

#include "support/catch.hpp"

using tenantry::base::to_text;
namespace json = tenantry::base::json;

TEST_CASE("numbers are written as a person would") {
  CHECK(to_text(33.3) == "33.3");
  CHECK(to_text(0.0) == "0");
  CHECK(to_text(100.0) == "100");
  CHECK(to_text(-0.1) == "-0.1");
  CHECK(to_text(1e300) == "1e+300");
  CHECK(to_text(7) == "7");
  CHECK(to_text(18446744073709551615U) == "18446744073709551615");
}

TEST_CASE("everything else is the JSON it was") {
  for (const char* text : {R"({})", R"([])", R"({"a":[1,{"b":null}],"c\"d":"e\n\u0001","f":[[]],"g":true})", R"("é")"})
    CHECK(to_text(json::parse(text)) == text);
  CHECK(json::parse(to_text(json::parse(R"([0.1,1e-7,123456789.125])"))) == json::parse(R"([0.1,1e-7,123456789.125])"));
}
