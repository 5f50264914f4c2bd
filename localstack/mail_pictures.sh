#!/usr/bin/env bash
# Take pictures of the mails' golden files with headless Chromium, 375 and 1,280 px wide, light and dark, into docs/mails/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "Chromium is missing: install it as chromium, chromium-browser or google-chrome." >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p docs/mails
for mail in disabled_error disabled_timeout enabled; do
  cp "shared/notice/testdata/$mail.html.golden" "$work/$mail.html"
  for width in 375 1280; do
    for scheme in light dark; do
      preferred=1
      [ "$scheme" = dark ] && preferred=0
      # A window is never narrower than 500 px: the mail is shown in a frame of the width that is meant.
      echo "<!DOCTYPE html><html style='color-scheme:$scheme'><body style='margin:0'>
        <iframe src='$mail.html' style='border:0;width:${width}px;height:1300px'></iframe>" > "$work/frame.html"
      "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
        --blink-settings=preferredColorScheme=$preferred --window-size=$((width < 500 ? 500 : width)),1300 \
        --screenshot="docs/mails/$mail-$width-$scheme.png" "file://$work/frame.html" > /dev/null 2>&1
      echo "docs/mails/$mail-$width-$scheme.png"
    done
  done
done
