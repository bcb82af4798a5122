// Linked into the engine with default visibility: it must not show all the same.
#include <string>

std::string parts_address(const std::string& url) { return url + "/ping"; }
