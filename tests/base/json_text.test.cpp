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

TEST_CASE("a document that is written in order is the one that was meant") {
  std::string text;
  tenantry::base::JsonWriter out(text);
  out.begin_object().key("a").number(-1).key("b").real(33.3).key("c\"").text("x\\\x7f\n").key("n").text_or_null("");
  out.key("list").begin_array().boolean(true).null().begin_object().end_object().begin_array().end_array();
  out.text("[").text(":").end_array().key("tree").tree(json::object{{"k", 1.5}}).end_object();
  CHECK(text ==
        "{\"a\":-1,\"b\":33.3,\"c\\\"\":\"x\\\\\x7f\\n\",\"n\":null,\"list\":[true,null,{},[],\"[\",\":\"],"
        "\"tree\":{\"k\":1.5}}");
  CHECK(json::parse(text).is_object());
}
