"""Pages in a real Chromium, which meet through the real server where `lo` is all the network there is."""
