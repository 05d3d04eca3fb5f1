"""Layer 1: browsers as Trio processes: started, watched and reaped."""
