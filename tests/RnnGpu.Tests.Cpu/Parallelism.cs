using Xunit;

// Backends under test bring threads of their own that spin at barriers: two classes at once would fight for the cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
