using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>A parameter under its full name, such as <c>encoder.weight_ih_l0</c>.</summary>
public readonly record struct NamedParameter(string Name, Parameter Parameter);

/// <summary>
/// A part of a model: parameters, buffers and sub-modules under names, and (usually) a <see cref="Forward"/>. Derive from it,
/// register everything in the constructor, and write the forward pass with tensors.
/// </summary>
public abstract class Module : IDisposable
{
    private readonly List<NamedParameter> _own = [];
    private readonly List<KeyValuePair<string, Module>> _modules = [];
    private NamedParameter[] _state = [];
    private NamedParameter[] _named = [];
    private Parameter[] _parameters = [];
    private long _listedVersion = -1;

    /// <summary>A module whose parameters live on <paramref name="device"/>.</summary>
    protected Module(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
    }

    /// <summary>Where the parameters live.</summary>
    public Device Device { get; }

    /// <summary>Whether dropout is active.</summary>
    public bool Training { get; private set; } = true;

    /// <summary>Sub-modules with their names, in order of registration.</summary>
    public IReadOnlyList<KeyValuePair<string, Module>> Modules => _modules;

    /// <summary>The module's function of one tensor.</summary>
    /// <exception cref="NotSupportedException">The module takes other arguments; it has methods of its own.</exception>
    public virtual Tensor Forward(Tensor input) =>
        throw new NotSupportedException($"{GetType().Name} has no Forward of a single tensor; call the method it offers instead");

    /// <summary>Shape of <see cref="Forward"/>'s result, found without running it; for summaries and checks.</summary>
    public virtual Shape OutputShape(Shape input) => input;

    /// <summary>
    /// Whether <see cref="Forward"/>, in evaluation mode, treats every row by itself, <c>[.., F] -> [.., G]</c> (of integers <c>[..] -> [.., G]</c>): it can then run on
    /// single time steps, and stand in a <see cref="Sequential"/> that streams.
    /// </summary>
    public virtual bool IsPointwise => false;

    /// <summary>A line for summaries where it does not run on the fast path that its kind has: which one it takes, and what forced it; else null.</summary>
    public virtual string? Remark => null;

    /// <summary>Parameters of this module and all below it, each once, buffers not included. The same list while nothing is registered.</summary>
    public IReadOnlyList<Parameter> Parameters()
    {
        List();
        return _parameters;
    }

    /// <summary>As <see cref="Parameters"/>, with full names.</summary>
    public IReadOnlyList<NamedParameter> NamedParameters()
    {
        List();
        return _named;
    }

    /// <summary>What a checkpoint stores: parameters and buffers with full names, each once, in order of registration.</summary>
    public IReadOnlyList<NamedParameter> State()
    {
        List();
        return _state;
    }

    /// <summary>Number of trained values.</summary>
    public long ParameterCount()
    {
        long count = 0;
        foreach (Parameter parameter in Parameters()) { count += parameter.Shape.Length; }
        return count;
    }

    /// <summary>Forgets all gradients: the next backward pass assigns them.</summary>
    public void ZeroGrad()
    {
        List();
        for (int i = 0; i < _parameters.Length; i++) { _parameters[i].ZeroGrad(); }
    }

    /// <summary>Training mode here and below: dropout is active.</summary>
    public void Train() => SetTraining(true);

    /// <summary>Evaluation mode here and below.</summary>
    public void Eval() => SetTraining(false);

    /// <summary>No parameter here and below gets gradients or updates any more.</summary>
    public void Freeze() => SetTrainable(false);

    /// <summary>All parameters here and below get gradients and updates.</summary>
    public void Unfreeze() => SetTrainable(true);

    /// <summary>Frees the parameters here and below.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Adds a parameter of zeros, to be initialised by the caller.</summary>
    /// <param name="name">Unique here, without dots; PyTorch's name where it has one.</param>
    /// <param name="shape">Axes.</param>
    protected Parameter AddParameter(string name, Shape shape) => Add(name, shape, isBuffer: false);

    /// <summary>Adds state that is stored in checkpoints but not trained; zeros.</summary>
    protected Parameter AddBuffer(string name, Shape shape) => Add(name, shape, isBuffer: true);

    /// <summary>Registers a parameter that another module made (tied weights).</summary>
    protected Parameter AddShared(string name, Parameter parameter)
    {
        CheckName(name);
        _own.Add(new NamedParameter(name, parameter));
        Device.RegistrationVersion++;
        return parameter;
    }

    /// <summary>Adds a sub-module.</summary>
    /// <param name="name">Unique here, without dots: the prefix of its parameters' names.</param>
    /// <param name="module">On the same device.</param>
    protected T AddModule<T>(string name, T module)
        where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        CheckName(name);
        if (!ReferenceEquals(module.Device, Device)) { throw new ArgumentException($"module '{name}' lives on another device"); }
        _modules.Add(new(name, module));
        Device.RegistrationVersion++;
        return module;
    }

    /// <summary>Frees parameters; override to free more, and call this.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) { return; }
        foreach (KeyValuePair<string, Module> module in _modules) { module.Value.Dispose(); }
        foreach (NamedParameter own in _own) { own.Parameter.Dispose(); }
    }

    private void SetTraining(bool training)
    {
        Training = training;
        for (int i = 0; i < _modules.Count; i++) { _modules[i].Value.SetTraining(training); }
    }

    private void SetTrainable(bool trainable)
    {
        List();
        for (int i = 0; i < _parameters.Length; i++) { _parameters[i].Trainable = trainable; }
    }

    private Parameter Add(string name, Shape shape, bool isBuffer)
    {
        CheckName(name);
        var parameter = new Parameter(Device, name, shape, isBuffer);
        _own.Add(new NamedParameter(name, parameter));
        Device.RegistrationVersion++;
        return parameter;
    }

    private void CheckName(string name)
    {
        if (string.IsNullOrEmpty(name) || name.Contains('.'))
        {
            throw new ArgumentException($"'{name}' is no name for a part of {GetType().Name}: it must not be empty or contain a dot");
        }

        if (_own.Exists(p => p.Name == name) || _modules.Exists(m => m.Key == name))
        {
            throw new ArgumentException($"{GetType().Name} already has a part named '{name}'");
        }
    }

    private void List()
    {
        if (_listedVersion == Device.RegistrationVersion) { return; }
        var state = new List<NamedParameter>();
        Collect("", state, []);
        _state = [.. state];
        _named = [.. state.FindAll(static entry => !entry.Parameter.IsBuffer)];
        _parameters = Array.ConvertAll(_named, static entry => entry.Parameter);
        _listedVersion = Device.RegistrationVersion;
    }

    private void Collect(string prefix, List<NamedParameter> state, HashSet<Parameter> seen)
    {
        foreach ((string name, Parameter parameter) in _own)
        {
            if (seen.Add(parameter)) { state.Add(new NamedParameter(prefix + name, parameter)); }
        }

        foreach ((string part, Module module) in _modules) { module.Collect($"{prefix}{part}.", state, seen); }
    }
}
