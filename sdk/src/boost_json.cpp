// Boost.JSON inside the plugin, hidden: a plugin may use another Boost than its host.
#include <boost/json/src.hpp>
