# What ./run and ./test share: the .NET SDK, the package feed, the build, the dashboard. Sourced from the repository's root.

CONFIGURATION=Release
ASPIRE_VERSION=$(sed -n 's:.*<AspireVersion>\(.*\)</AspireVersion>.*:\1:p' Directory.Build.props)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

need_sdk() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is needed, and there is no 'dotnet' on the PATH. See https://dotnet.microsoft.com/download"
  dotnet --list-sdks | grep -q '^10\.' || fail "the .NET 10 SDK is needed; 'dotnet --list-sdks' shows none of version 10."
}

# Does the feed carry the Aspire packages? Asked once; the answer is artifacts/feed.props, which Directory.Build.props reads.
# Remove that file to ask again.
choose_feed() {
  if [ ! -f artifacts/feed.props ]; then
    mkdir -p artifacts/feed
    cat > artifacts/feed/probe.csproj <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Aspire.Hosting.AppHost" Version="$ASPIRE_VERSION" /></ItemGroup>
</Project>
XML
    local offline=false
    if ! dotnet restore artifacts/feed/probe.csproj -p:ImportDirectoryBuildProps=false -p:ImportDirectoryBuildTargets=false -p:ImportDirectoryPackagesProps=false > artifacts/feed/probe.log 2>&1; then
      grep -q 'NU1101\|NU1102' artifacts/feed/probe.log || { cat artifacts/feed/probe.log >&2; fail "the package feed does not answer."; }
      offline=true
    fi
    printf '<Project><PropertyGroup><AspireOffline>%s</AspireOffline></PropertyGroup></Project>\n' "$offline" > artifacts/feed.props
  fi
  if grep -q '>true<' artifacts/feed.props; then
    OFFLINE=true; say "Aspire: the subset in eng/aspire-offline (this feed has no Aspire packages)"
  else
    OFFLINE=false; say "Aspire: packages $ASPIRE_VERSION from the feed"
  fi
}

# The dashboard of the offline side: the real one, out of the npm package of the Aspire CLI. Sets ASPIRE_DASHBOARD_PATH.
install_dashboard() {
  $OFFLINE || return 0
  local package home
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) package=aspire-cli-linux-x64 ;;
    Linux-aarch64) package=aspire-cli-linux-arm64 ;;
    Darwin-arm64) package=aspire-cli-osx-arm64 ;;
    *) say "dashboard: none for this platform; the system runs without one"; return 0 ;;
  esac
  home=$PWD/artifacts/dashboard/$ASPIRE_VERSION
  if [ ! -f "$home/.complete" ]; then
    command -v npm >/dev/null || { say "dashboard: npm is needed to install it; the system runs without one"; return 0; }
    say "dashboard: installing $package $ASPIRE_VERSION"
    rm -rf "$home" && mkdir -p "$home"
    { npm install --prefix "$home/npm" --no-audit --no-fund --loglevel=error "@microsoft/$package@$ASPIRE_VERSION" \
        && DOTNET_CLI_TELEMETRY_OPTOUT=1 ASPIRE_CLI_TELEMETRY_OPTOUT=true \
           "$home/npm/node_modules/@microsoft/$package/bin/aspire" setup --install-path "$home/install" --non-interactive; } \
      > "$home/install.log" 2>&1 < /dev/null \
      || { say "dashboard: could not be installed (see $home/install.log); the system runs without one"; return 0; }
    touch "$home/.complete"
  fi
  export ASPIRE_DASHBOARD_PATH=$home/install/bundle/managed/aspire-managed
}

# Builds $1 unless nothing has changed since its last build.
build() {
  local stamp=artifacts/built-$(basename "$1")
  if [ -f "$stamp" ] && [ -z "$(find . -newer "$stamp" \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name '*.sln' \
        -o -name '*.json' -o -name '*.txt' -o -name .editorconfig \) -not -path '*/obj/*' -not -path '*/bin/*' \
        -not -path '*/node_modules/*' -not -path './artifacts/dashboard/*' -not -path './artifacts/run*.json' -not -path './artifacts/data/*' -print -quit)" ]; then
    return 0
  fi
  say "building $1"
  local log=artifacts/build.log
  dotnet build "$1" -c $CONFIGURATION -nologo -tl:off -clp:NoSummary > "$log" 2>&1 \
    || { grep -E 'error|warning' "$log" | sort -u | head -n 40 >&2; fail "the build failed; all of it is in $log"; }
  touch "$stamp"
}
