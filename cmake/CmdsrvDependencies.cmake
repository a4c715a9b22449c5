# Every library the project uses, found once, with the least version that has what is used of it. What is missing or too old
# is said in one list of sentences; tools/install-deps names the packages too.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
set(CMDSRV_LACKING "")

# cmdsrv_lacks(name found-version least package): notes a library that is not good enough.
function(cmdsrv_lacks name found least package)
  if(found)
    set(here "${found} is installed")
  else()
    set(here "it is not installed")
  endif()
  list(APPEND CMDSRV_LACKING "  ${name} ${least} or newer is needed, and ${here} (Debian: ${package})")
  set(CMDSRV_LACKING "${CMDSRV_LACKING}" PARENT_SCOPE)
endfunction()

# cmdsrv_find(name least package [what find_package takes beside the name])
macro(cmdsrv_find name least package)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND OR (${name}_VERSION AND ${name}_VERSION VERSION_LESS ${least}))
    cmdsrv_lacks(${name} "${${name}_VERSION}" ${least} ${package})
  endif()
endmacro()

# cmdsrv_pkg(name least package [its newer names]): by pkg-config, as PkgConfig::<name>.
macro(cmdsrv_pkg name least package)
  pkg_search_module(${name} QUIET IMPORTED_TARGET ${ARGN} ${name})
  if(NOT ${name}_FOUND OR ${name}_VERSION VERSION_LESS ${least})
    cmdsrv_lacks(${name} "${${name}_VERSION}" ${least} ${package})
  endif()
endmacro()

cmdsrv_find(fmt 9 libfmt-dev)
cmdsrv_find(tl-expected 1.0 libexpected-dev)
cmdsrv_find(Boost 1.81 libboost-json1.81-dev COMPONENTS json)
cmdsrv_find(cppzmq 4.8 cppzmq-dev)
cmdsrv_find(pugixml 1.12 libpugixml-dev)
cmdsrv_find(yaml-cpp 0.7 libyaml-cpp-dev)
cmdsrv_find(CLI11 2.1 libcli11-dev)
cmdsrv_find(GTest 1.12 libgtest-dev)
cmdsrv_find(benchmark 1.7 libbenchmark-dev)
cmdsrv_pkg(libzmq 4.3.1 libzmq3-dev)  # the peer's uid in a message's properties
cmdsrv_pkg(sqlite3 3.40 libsqlite3-dev)
cmdsrv_pkg(libsystemd 250 libsystemd-dev)
cmdsrv_pkg(libzim 8.1 libzim-dev)
cmdsrv_pkg(kiwix 11 libkiwix-dev libkiwix)  # its name in Debian 13
cmdsrv_pkg(libarchive 3.6 libarchive-dev)
cmdsrv_pkg(libcurl 7.85 libcurl4-gnutls-dev)
cmdsrv_pkg(libmicrohttpd 0.9.75 libmicrohttpd-dev)
cmdsrv_pkg(libcrypto 3.0 libssl-dev)
cmdsrv_pkg(libsodium 1.0.18 libsodium-dev)

if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  cmdsrv_lacks(g++ ${CMAKE_CXX_COMPILER_VERSION} 12 g++)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  cmdsrv_lacks(clang++ ${CMAKE_CXX_COMPILER_VERSION} 16 clang-19)
endif()

if(CMDSRV_LACKING)
  list(JOIN CMDSRV_LACKING "\n" sentences)
  message(FATAL_ERROR "iiab-cmdsrv cannot be built here:\n${sentences}\nOn Debian and its relatives "
                      "`tools/install-deps build` installs all of it.")
endif()
