! mpif.h: the old binding with integers for everything, in the point-to-point forms.
! @np 2 3
program fortran77
    implicit none
    include 'mpif.h'
    integer, parameter :: n = 5000
    integer :: rank, size, right, left, ierror, i, index, count, done, total
    integer :: status(MPI_STATUS_SIZE), statuses(MPI_STATUS_SIZE, 4), requests(4), indices(4)
    integer :: type, lengths(2), types(2), message, sum, old_size, cart
    integer(kind=MPI_ADDRESS_KIND) :: places(2)
    logical :: flag, periods(1)
    real(8), asynchronous :: out(n), in(n), first(3), second(4), copy(7)
    real(8) :: space(3 * n)
    common /both/ first, second
    call MPI_Init(ierror)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierror)
    call MPI_Comm_size(MPI_COMM_WORLD, size, ierror)
    right = mod(rank + 1, size)
    left = mod(rank + size - 1, size)
    out = [(real(rank * n + i, 8), i = 1, n)]

    ! Non-blocking; indices count from one; a completed request becomes MPI_REQUEST_NULL.
    do i = 1, 4
        call MPI_Irecv(in(i * 10), 10, MPI_DOUBLE_PRECISION, left, i, MPI_COMM_WORLD, requests(i), ierror)
    end do
    do i = 4, 1, -1
        call MPI_Send(out(i * 10), 10, MPI_DOUBLE_PRECISION, right, i, MPI_COMM_WORLD, ierror)
    end do
    total = 0
    do i = 1, 4
        call MPI_Waitany(4, requests, index, status, ierror)
        call require(index >= 1 .and. index <= 4, 1)
        call require(status(MPI_TAG) == index .and. status(MPI_SOURCE) == left, 2)
        call require(requests(index) == MPI_REQUEST_NULL, 3)
        total = total + index
    end do
    call require(total == 10, 4)
    call require(all(in(10:49) == [(real(left * n + i, 8), i = 10, 49)]), 5)
    call MPI_Irecv(in, n, MPI_DOUBLE_PRECISION, left, 5, MPI_COMM_WORLD, requests(2), ierror)
    call MPI_Testany(4, requests, index, flag, status, ierror)
    call MPI_Isend(out, n, MPI_DOUBLE_PRECISION, right, 5, MPI_COMM_WORLD, requests(4), ierror)
    total = merge(1, 0, flag)
    do while (total < 2)
        call MPI_Waitsome(4, requests, done, indices, statuses, ierror)
        do i = 1, done
            call require(indices(i) == 2 .or. indices(i) == 4, 6)
            if (indices(i) == 2) then
                call MPI_Get_count(statuses(:, i), MPI_DOUBLE_PRECISION, count, ierror)
                call require(count == n, 7)
            end if
        end do
        total = total + done
    end do
    call MPI_Testall(4, requests, flag, MPI_STATUSES_IGNORE, ierror)
    call require(flag, 8)

    ! Persistent requests in an array.
    call MPI_Recv_init(in, n, MPI_DOUBLE_PRECISION, left, 6, MPI_COMM_WORLD, requests(1), ierror)
    call MPI_Ssend_init(out, n, MPI_DOUBLE_PRECISION, right, 6, MPI_COMM_WORLD, requests(2), ierror)
    do i = 1, 3
        out(n) = i
        call MPI_Startall(2, requests, ierror)
        call MPI_Waitall(2, requests, MPI_STATUSES_IGNORE, ierror)
        call require(in(n) == i, 9)
    end do
    call MPI_Request_free(requests(1), ierror)
    call MPI_Request_free(requests(2), ierror)

    ! MPI_BOTTOM with absolute addresses; the receiver takes it as plain numbers.
    first = rank + 0.25d0
    second = rank + 0.5d0
    call MPI_Get_address(first, places(1), ierror)
    call MPI_Get_address(second, places(2), ierror)
    lengths = [3, 4]
    types = MPI_DOUBLE_PRECISION
    call MPI_Type_create_struct(2, lengths, places, types, type, ierror)
    call MPI_Type_commit(type, ierror)
    call MPI_Sendrecv(MPI_BOTTOM, 1, type, right, 7, copy, 7, MPI_DOUBLE_PRECISION, left, 7, MPI_COMM_WORLD, &
        MPI_STATUS_IGNORE, ierror)
    call require(all(copy(1:3) == left + 0.25d0) .and. all(copy(4:7) == left + 0.5d0), 10)
    call MPI_Isend(copy, 7, MPI_DOUBLE_PRECISION, left, 8, MPI_COMM_WORLD, requests(1), ierror)
    first = 0
    call MPI_Recv(MPI_BOTTOM, 1, type, right, 8, MPI_COMM_WORLD, status, ierror)
    call MPI_Wait(requests(1), MPI_STATUS_IGNORE, ierror)
    call require(all(first == rank + 0.25d0) .and. all(second == rank + 0.5d0), 11)
    call MPI_Get_elements(status, type, count, ierror)
    call require(count == 7, 12)
    call MPI_Type_free(type, ierror)

    ! Buffered sends, probes, matched probes, cancelling.
    call MPI_Buffer_attach(space, 8 * 3 * n, ierror)
    call MPI_Bsend(out, n, MPI_DOUBLE_PRECISION, right, 9, MPI_COMM_WORLD, ierror)
    call MPI_Probe(MPI_ANY_SOURCE, 9, MPI_COMM_WORLD, status, ierror)
    call MPI_Get_count(status, MPI_DOUBLE_PRECISION, count, ierror)
    call require(count == n .and. status(MPI_SOURCE) == left, 13)
    call MPI_Mprobe(left, MPI_ANY_TAG, MPI_COMM_WORLD, message, status, ierror)
    call MPI_Mrecv(in, n, MPI_DOUBLE_PRECISION, message, MPI_STATUS_IGNORE, ierror)
    call require(message == MPI_MESSAGE_NULL .and. in(1) == left * n + 1, 14)
    call MPI_Buffer_detach(space, old_size, ierror)
    call require(old_size == 8 * 3 * n, 15)
    call MPI_Iprobe(left, 10, MPI_COMM_WORLD, flag, status, ierror)
    call require(.not. flag, 16)
    call MPI_Irecv(in, n, MPI_DOUBLE_PRECISION, left, 10, MPI_COMM_WORLD, requests(1), ierror)
    call MPI_Cancel(requests(1), ierror)
    call MPI_Wait(requests(1), status, ierror)
    call MPI_Test_cancelled(status, flag, ierror)
    call require(flag, 17)
    call MPI_Recv(in, n, MPI_DOUBLE_PRECISION, MPI_PROC_NULL, 1, MPI_COMM_WORLD, status, ierror)
    call require(status(MPI_SOURCE) == MPI_PROC_NULL, 18)

    ! A topology with logicals, MPI_Sendrecv_replace along it, MPI_IN_PLACE, an error code.
    periods = .true.
    call MPI_Cart_create(MPI_COMM_WORLD, 1, [size], periods, .false., cart, ierror)
    call MPI_Cart_shift(cart, 0, 1, left, right, ierror)
    in = rank
    call MPI_Sendrecv_replace(in, n, MPI_DOUBLE_PRECISION, right, 11, left, 11, cart, status, ierror)
    call require(all(in == left), 19)
    sum = rank
    call MPI_Allreduce(MPI_IN_PLACE, sum, 1, MPI_INTEGER, MPI_SUM, cart, ierror)
    call require(sum == size * (size - 1) / 2, 20)
    call MPI_Comm_set_errhandler(cart, MPI_ERRORS_RETURN, ierror)
    call MPI_Send(out, 1, MPI_INTEGER, size, 0, cart, ierror)
    call require(ierror /= MPI_SUCCESS, 21)
    call MPI_Error_class(ierror, index, ierror)
    call require(index == MPI_ERR_RANK, 22)
    call MPI_Comm_free(cart, ierror)
    print '(a,i0)', 'passed on rank ', rank
    call MPI_Finalize(ierror)
contains
    subroutine require(condition, number)
        logical, intent(in) :: condition
        integer, intent(in) :: number
        if (condition) return
        print '(a,i0,a,i0)', 'rank ', rank, ': failed at ', number
        call MPI_Abort(MPI_COMM_WORLD, 9, ierror)
    end subroutine
end program
