find_path (LIBEV_INCLUDE_DIR ev.h PATH_SUFFIXES libev)
find_library (LIBEV_LIBRARY NAMES ev libev)

if (LIBEV_INCLUDE_DIR)
  file (STRINGS "${LIBEV_INCLUDE_DIR}/ev.h" lines REGEX "#[ \t]*define EV_VERSION_M[A-Z]+ +[0-9]+")
  string (REGEX REPLACE ".*EV_VERSION_MAJOR +([0-9]+).*EV_VERSION_MINOR +([0-9]+).*" "\\1.\\2" LIBEV_VERSION "${lines}")
endif ()

include (FindPackageHandleStandardArgs)
find_package_handle_standard_args (Libev REQUIRED_VARS LIBEV_LIBRARY LIBEV_INCLUDE_DIR VERSION_VAR LIBEV_VERSION)
