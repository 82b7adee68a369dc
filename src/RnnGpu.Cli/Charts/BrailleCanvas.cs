namespace RnnGpu.Cli.Charts;

/// <summary>A grid of dots, two across and four down in every character cell, drawn with the Unicode braille patterns.</summary>
internal sealed class BrailleCanvas(int columns, int rows)
{
    private readonly byte[] _dots = new byte[columns * rows];
    private readonly int[] _owners = new int[columns * rows];

    /// <summary>Dots across.</summary>
    public int Width => columns * 2;

    /// <summary>Dots down.</summary>
    public int Height => rows * 4;

    /// <summary>A straight line of dots (Bresenham); dots outside are left out. A cell belongs to the owner who drew in it last.</summary>
    public void Line(int x0, int y0, int x1, int y1, int owner)
    {
        int dx = Math.Abs(x1 - x0), dy = -Math.Abs(y1 - y0), stepX = x0 < x1 ? 1 : -1, stepY = y0 < y1 ? 1 : -1, error = dx + dy;
        while (true)
        {
            Dot(x0, y0, owner);
            if (x0 == x1 && y0 == y1) { return; }
            int twice = 2 * error;
            if (twice >= dy)
            {
                error += dy;
                x0 += stepX;
            }

            if (twice <= dx)
            {
                error += dx;
                y0 += stepY;
            }
        }
    }

    /// <summary>The character of a cell, and who drew in it last.</summary>
    public (char Character, int Owner) Cell(int column, int row)
    {
        int cell = (row * columns) + column;
        return (_dots[cell] == 0 ? ' ' : (char)(0x2800 + _dots[cell]), _owners[cell]);
    }

    private void Dot(int x, int y, int owner)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height) { return; }

        // Braille dots are numbered 1 2 3 7 down the left side and 4 5 6 8 down the right.
        ReadOnlySpan<byte> bits = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80];
        int cell = ((y / 4) * columns) + (x / 2);
        _dots[cell] |= bits[((x % 2) * 4) + (y % 4)];
        _owners[cell] = owner;
    }
}
