! A real program in small: 2D Jacobi on a Cartesian grid with `use mpi`, halos as a contiguous and as a strided type,
! compared with the serial result to the last bit.
! @np 1 2 4 6
program jacobi
    use mpi
    implicit none
    integer, parameter :: n = 120, steps = 60
    integer :: cart, rank, size, ierror, dims(2), coords(2), first(2), last(2), neighbours(4), row, step, i, k
    integer :: requests(8), statuses(MPI_STATUS_SIZE, 8)
    logical :: periods(2)
    real(8), allocatable, asynchronous :: old(:, :), new(:, :)
    real(8) :: all(0:n + 1, 0:n + 1), next(0:n + 1, 0:n + 1), change, total
    call MPI_Init(ierror)
    call MPI_Comm_size(MPI_COMM_WORLD, size, ierror)
    dims = 0
    periods = .false.
    call MPI_Dims_create(size, 2, dims, ierror)
    call MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periods, .true., cart, ierror)
    call MPI_Comm_rank(cart, rank, ierror)
    call MPI_Cart_coords(cart, rank, 2, coords, ierror)
    call MPI_Cart_shift(cart, 0, 1, neighbours(1), neighbours(2), ierror)
    call MPI_Cart_shift(cart, 1, 1, neighbours(3), neighbours(4), ierror)
    first = coords * n / dims + 1
    last = (coords + 1) * n / dims
    allocate (old(first(1) - 1:last(1) + 1, first(2) - 1:last(2) + 1), new(first(1) - 1:last(1) + 1, first(2) - 1:last(2) + 1))
    forall (i = first(1) - 1:last(1) + 1, k = first(2) - 1:last(2) + 1) old(i, k) = start(i, k)
    new = old
    call MPI_Type_vector(last(2) - first(2) + 1, 1, last(1) - first(1) + 3, MPI_DOUBLE_PRECISION, row, ierror)
    call MPI_Type_commit(row, ierror)
    do step = 1, steps
        call exchange(old)
        do k = first(2), last(2)
            do i = first(1), last(1)
                new(i, k) = 0.25d0 * (old(i - 1, k) + old(i + 1, k) + old(i, k - 1) + old(i, k + 1))
            end do
        end do
        change = sum(abs(new(first(1):last(1), first(2):last(2)) - old(first(1):last(1), first(2):last(2))))
        old = new
    end do
    call MPI_Allreduce(change, total, 1, MPI_DOUBLE_PRECISION, MPI_SUM, cart, ierror)
    forall (i = 0:n + 1, k = 0:n + 1) all(i, k) = start(i, k)
    next = all
    do step = 1, steps
        next(1:n, 1:n) = 0.25d0 * (all(0:n - 1, 1:n) + all(2:n + 1, 1:n) + all(1:n, 0:n - 1) + all(1:n, 2:n + 1))
        change = sum(abs(next - all))
        all = next
    end do
    if (any(old(first(1):last(1), first(2):last(2)) /= all(first(1):last(1), first(2):last(2)))) then
        print '(a,i0,a)', 'rank ', rank, ': not the serial result'
        call MPI_Abort(MPI_COMM_WORLD, 9, ierror)
    end if
    if (abs(total - change) > 1d-9 * change) call MPI_Abort(MPI_COMM_WORLD, 8, ierror)
    print '(a,i0,a,i0)', 'as the serial result: ', coords(1), ' ', coords(2)
    call MPI_Type_free(row, ierror)
    call MPI_Comm_free(cart, ierror)
    call MPI_Finalize(ierror)
contains
    pure real(8) function start(i, k)
        integer, intent(in) :: i, k
        start = merge(real(mod(i * 7 + k * 3, 11), 8), 0d0, i == 0 .or. k == 0 .or. i == n + 1 .or. k == n + 1)
    end function
    subroutine exchange(u)
        real(8), asynchronous, intent(inout) :: u(first(1) - 1:, first(2) - 1:)
        integer :: length
        length = last(1) - first(1) + 1
        call MPI_Irecv(u(first(1) - 1, first(2)), 1, row, neighbours(1), 1, cart, requests(1), ierror)
        call MPI_Irecv(u(last(1) + 1, first(2)), 1, row, neighbours(2), 2, cart, requests(2), ierror)
        call MPI_Irecv(u(first(1), first(2) - 1), length, MPI_DOUBLE_PRECISION, neighbours(3), 3, cart, requests(3), ierror)
        call MPI_Irecv(u(first(1), last(2) + 1), length, MPI_DOUBLE_PRECISION, neighbours(4), 4, cart, requests(4), ierror)
        call MPI_Isend(u(last(1), first(2)), 1, row, neighbours(2), 1, cart, requests(5), ierror)
        call MPI_Isend(u(first(1), first(2)), 1, row, neighbours(1), 2, cart, requests(6), ierror)
        call MPI_Isend(u(first(1), last(2)), length, MPI_DOUBLE_PRECISION, neighbours(4), 3, cart, requests(7), ierror)
        call MPI_Isend(u(first(1), first(2)), length, MPI_DOUBLE_PRECISION, neighbours(3), 4, cart, requests(8), ierror)
        call MPI_Waitall(8, requests, statuses, ierror)
    end subroutine
end program
