#pragma once

#include <string>

namespace cmdsrv::test {

/// A real SQLite database made by these statements, in the place of an old one. Exception when they fail.
void MakeDatabase(const std::string& path, const std::string& sql);

}  // namespace cmdsrv::test
