// The same in C++: the SDK on top of whichever header was included first.
#include <abi.h>
#include <tenantry/engine.hpp>

using namespace tenantry;

struct Request {
  int unused = 0;
};
struct Output {
  int counted = 0;
  std::string locale = "absent";
};
BOOST_DESCRIBE_STRUCT(Request, (), (unused))
BOOST_DESCRIBE_STRUCT(Output, (), (counted, locale))

class Matrix {
 public:
  static constexpr Identity identity{"matrix", "1.0.0", "Matrix"};
  using Request = ::Request;
  static void define(Graph<Matrix>& g) { g.step("act", &Matrix::act); }

 private:
  Result<Output> act(Context& c) {
    c.emit("matrix.acted");
    return done(Output());
  }
};

TENANTRY_ENGINE(Matrix)
