// An engine that compiles as it stands; every macro makes one mistake that the compiler has to refuse in plain words.
#include <tenantry/engine.hpp>

struct Request {
  std::string name;
};
struct Site {
  std::string path;
};
struct Shop {
  std::int64_t id = 0;
};
struct Unknown {
  std::string text;
};
struct Country {
  std::string country_code;
};
BOOST_DESCRIBE_STRUCT(Request, (), (name))
BOOST_DESCRIBE_STRUCT(Site, (), (path))
BOOST_DESCRIBE_STRUCT(Shop, (), (id))
BOOST_DESCRIBE_STRUCT(Country, (), (country_code))
#ifdef TENANT_HAS_NO_SUCH_MEMBER
struct Postcode {
  std::string postcode;
};
BOOST_DESCRIBE_STRUCT(Postcode, (), (postcode))
#else
using Postcode = Country;
#endif

using namespace tenantry;

#if defined(UNDESCRIBED_OUTPUT)
using Output = Unknown;
#else
using Output = Shop;
#endif

class Engine {
 public:
  static constexpr Identity identity{"mistakes", "1.0.0", "Mistakes"};
  using Request = ::Request;

  static void define(Graph<Engine>& g) {
    const auto request = g.request();
#if defined(CYCLE_BY_USE)
    const auto site = g.step("site", &Engine::site, request).after(later);
#else
    const auto site = g.step("site", &Engine::site, request);
#endif
#if defined(WRONG_TYPE_ON_AN_EDGE)
    const auto shop = g.step("shop", &Engine::shop, site, request);
#elif defined(MISSING_INPUT)
    const auto shop = g.step("shop", &Engine::shop, request);
#elif defined(WRONG_RETURN_TYPE)
    const auto shop = g.step("shop", &Engine::returns_bool, request, site);
#elif defined(WRONG_UNDO)
    const auto shop = g.step("shop", &Engine::shop, request, site).undo(&Engine::undo_site);
#elif defined(WRONG_UNDO_RETURN)
    const auto shop = g.step("shop", &Engine::shop, request, site).undo(&Engine::undo_that_verifies);
#elif defined(NOT_SKIPPABLE)
    const auto shop = g.step("shop", &Engine::shop, request, site).skippable();
#elif defined(UNDESCRIBED_INPUT)
    const auto shop = g.step("shop", &Engine::reads_unknown, request, site);
#elif defined(NOT_A_MEMBER)
    const auto shop = g.step("shop", 5, request, site);
#elif defined(NO_CONTEXT)
    const auto shop = g.step("shop", &Engine::without_context, request, site);
#elif defined(CHANGES_ITS_INPUT)
    const auto shop = g.step("shop", &Engine::changes_input, request, site);
#else
    const auto shop = g.step("shop", &Engine::shop, request, site).undo(&Engine::undo_shop).verify(&Engine::check_shop);
#endif
#if defined(CYCLE_BY_AFTER)
    site.after(shop);
#endif
#if defined(READER_NOT_READY)
    const auto demo = g.step("demo", &Engine::demo, shop);
    g.step("late", &Engine::late, demo);
#elif defined(READER_OF_OPTIONAL_NOT_READY)
    const auto demo = g.step("other", &Engine::shop, request, site).optional();
    g.step("late", &Engine::late, demo);
#else
    const auto demo = g.step("demo", &Engine::demo, shop);
    g.step("ready", &Engine::ready, demo);
#endif
#if defined(PLAN_NOT_READY)
    g.step("planned", &Engine::late, shop).plan(&Engine::plan_late);
#endif
    g.step("where", &Engine::where, g.tenant());
  }

  Result<Site> site(Context&, const ::Request& r) {
#if defined(SKIPS_WITHOUT_SAYING)
    return skipped("not today");
#endif
    return done(Site{r.name});
  }
  Result<Output> shop(Context&, const ::Request&, const Site&) { return done(Output{}); }
  bool returns_bool(Context&, const ::Request&, const Site&) { return true; }
  Result<Shop> reads_unknown(Context&, const ::Request&, const Unknown&) { return done(Shop{}); }
  Result<Shop> without_context(const ::Request&, const Site&) { return done(Shop{}); }
  Result<Shop> changes_input(Context&, ::Request&, const Site&) { return done(Shop{}); }
  Result<Nothing> undo_shop(Context&, const ::Request&, const Site&, const std::optional<Output>&) { return done(); }
  Result<Nothing> undo_site(Context&, const ::Request&, const std::optional<Site>&) { return done(); }
  Verdict undo_that_verifies(Context&, const ::Request&, const Site&, const std::optional<Output>&) {
    return in_sync();
  }
  Verdict check_shop(Context&, const ::Request&, const Site&, const Output&) { return in_sync(); }
  Result<std::optional<Shop>> demo(Context&, const Output&) { return skipped("no demo"); }
  Result<Nothing> ready(Context&, const std::optional<Shop>&) { return done(); }
  Result<Nothing> late(Context&, const Shop&) { return done(); }
  Result<Plan> plan_late(Context&, const Shop&) { return done(Plan{}); }
  Result<Nothing> where(Context&, const Postcode&) { return done(); }
};

#if defined(NO_IDENTITY)
struct Anything {};
TENANTRY_ENGINE(Anything)
#elif defined(REQUEST_NOT_DESCRIBED)
struct Anything {
  static constexpr Identity identity{"anything", "1.0.0", "Anything"};
  using Request = Unknown;
  static void define(Graph<Anything>&) {}
};
TENANTRY_ENGINE(Anything)
#elif defined(NO_DEFINE)
struct Anything {
  static constexpr Identity identity{"anything", "1.0.0", "Anything"};
  using Request = ::Request;
};
TENANTRY_ENGINE(Anything)
#elif defined(NO_CONSTRUCTOR)
struct Anything {
  static constexpr Identity identity{"anything", "1.0.0", "Anything"};
  using Request = ::Request;
  explicit Anything(int) {}
  static void define(Graph<Anything>&) {}
};
TENANTRY_ENGINE(Anything)
#else
TENANTRY_ENGINE(Engine)
#endif
