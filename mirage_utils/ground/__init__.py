"""What every part stands on and no reader needs to know: files, paths, progress, downloads, a cluster, lazy names."""
